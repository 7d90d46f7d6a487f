import { createHash } from 'node:crypto';
import path from 'node:path';
import {
  decideIssueGrant,
  decideRedeemCode,
} from '../dist/domain/token-family/authorization-code.decider.js';
import { decideRefresh } from '../dist/domain/token-family/refresh.decider.js';
import { openSqliteLedger } from '../dist/ledger/sqlite/open-sqlite-ledger.js';

const SECOND = 1000;
const DAY = 86_400 * SECOND;
/** Long ago: ten million events take a year and a half, and none may be in the future. */
export const BEGIN = Date.UTC(2020, 0, 1);
/** So many families live at the same time, and share commits. */
const FAMILIES_AT_ONCE = 127;
const ROTATIONS = 24;
/** Between two refreshes of a family: access tokens last so long. */
const STEP = 600 * SECOND;

/** A family that is refreshed as long as the ledger is made. */
const LONGEST = '0'.repeat(32);
export const LONGEST_STREAM = `family:${LONGEST}`;
const PEOPLE = 1999;
const CLIENTS = 13;
const ADDRESSES = 4001;

const client = {
  status: 'active',
  metadata: {
    name: 'App',
    applicationType: 'native',
    redirectUris: ['https://app.example/callback'],
    grantTypes: ['authorization_code', 'refresh_token'],
    authMethod: 'none',
    scope: null,
    policy: {},
  },
  firstParty: false,
  verified: true,
  operatorScopes: [],
  mayIntrospect: false,
  resources: [],
  registeredAt: BEGIN,
};
const account = {
  status: 'active',
  credentialId: 'credential',
  roles: [],
  usernameDigest: 'digest',
  tokensNotBefore: 0,
  createdAt: BEGIN,
};
const session = {
  sessionId: 'session',
  authTime: BEGIN,
  amr: ['pwd'],
  expiresAt: Number.MAX_SAFE_INTEGER,
};
const redirectUri = 'https://app.example/callback';
const codeChallenge = 'challenge';

/** Where the ledger of a directory is. */
export function settingsIn(directory) {
  return { dataDirectory: directory, ledgerFile: path.join(directory, 'ledger.sqlite') };
}

/**
 * Makes a ledger of about so many events with the deciders themselves: families of 24 rotations or as
 * many as told (more than 5), each with a lost answer that was fetched again, one in 20 ended by a token
 * that was used long ago, and one family that lives all the time. Answers with the number of families.
 * @param {string} directory
 * @param {number} events
 * @param {number} rotations
 */
export async function buildReplayLedger(directory, events, rotations = ROTATIONS) {
  let now = BEGIN;
  const settings = settingsIn(directory);
  const ledger = await openSqliteLedger({ settings, role: 'command_line', clock: () => now });
  const life = new Life(ledger);
  await life.begin(LONGEST);
  let longestGeneration = 0;
  let families = 1;
  for (let round = 0; (await ledger.size()) < events; round += 1) {
    const ids = Array.from({ length: FAMILIES_AT_ONCE }, (_, index) => idOf(round, index));
    families += ids.length;
    await Promise.all(ids.map((id) => life.begin(id)));
    for (let generation = 0; generation < rotations; generation += 1) {
      now += STEP;
      const longest = life.refresh(LONGEST, longestGeneration);
      await Promise.all([longest, ...ids.map((id) => life.refresh(id, generation))]);
      longestGeneration += 1;
      if (generation !== rotations >> 1) continue;
      now += 20 * SECOND;
      await Promise.all(ids.map((id) => life.refresh(id, generation)));
    }
    now += STEP;
    const stolen = ids.filter((_, index) => index % 20 === 0);
    await Promise.all(stolen.map((id) => life.refresh(id, 3)));
  }
  await ledger.close();
  return families;
}

/** Whose family it is, and from where it is used; the same for every run. */
function partyOf(id) {
  const number = Number.parseInt(id.slice(0, 12), 16);
  const clientId = `app-${number % CLIENTS}`;
  return {
    caller: { clientId, authMethod: 'none' },
    subject: `person-${number % PEOPLE}`,
    address: `2001:db8::${(number % ADDRESSES).toString(16)}`,
  };
}

function idOf(round, index) {
  return createHash('md5').update(`${round}.${index}`).digest('hex');
}

/** What happens to families. */
class Life {
  incidents = 0;

  constructor(ledger) {
    this.ledger = ledger;
  }

  async begin(id) {
    const policy = {
      rotation: 'rotate',
      retryWindow: 30 * SECOND,
      retryUntilUsed: false,
      idle: 30 * DAY,
      onReuse: 'revoke_family',
    };
    const { caller, subject } = partyOf(id);
    const grant = {
      caller,
      subject,
      sessionId: 'session',
      scope: ['api', 'offline_access'],
      resources: [],
      authTime: BEGIN,
      amr: ['pwd'],
      policy,
      absoluteLifetime: 1000 * DAY,
      codeLifetime: 60 * SECOND,
      code: { redirectUri, codeChallenge },
    };
    await this.decide(id, (stream, context) => decideIssueGrant(stream.state, grant, context));
    const presented = presentedAs('code', id, 0);
    const asked = { presented, caller, redirectUri, verifierChallenge: codeChallenge };
    await this.decide(id, (stream, context) => decideRedeemCode(stream.state, asked, context));
  }

  refresh(id, generation) {
    const { caller } = partyOf(id);
    const presented = presentedAs('refresh', id, generation);
    return this.decide(id, (stream, context) =>
      decideRefresh(stream.state, { presented, caller }, context),
    );
  }

  decide(id, decide) {
    const party = partyOf(id);
    const { clientId } = party.caller;
    const origin = { address: party.address, userAgent: 'app/1.0', requestId: 'request' };
    return this.ledger.execute({
      kind: 'family',
      streamId: `family:${id}`,
      project: 'default',
      attribution: { actor: `client:${clientId}`, correlationId: 'bench', origin },
      decide: (stream) => decide(stream, this.contextOf(stream, party)),
    });
  }

  contextOf({ recordedAt, epoch }, { caller, subject }) {
    this.incidents += 1;
    return {
      receivedAt: recordedAt,
      recordedAt,
      epoch,
      client: { ...client, clientId: caller.clientId },
      account: { ...account, subject },
      project: { slug: 'default', status: 'active' },
      session: () => {
        const own = { ...session, subject };
        return { session: own, root: own };
      },
      accessTokenLifetime: 600 * SECOND,
      issuer: 'https://issuer.example',
      signingKeyId: 'key',
      canSign: () => true,
      refreshKeyId: '1',
      policyRevision: 'bench',
      incidentId: this.incidents.toString(16).padStart(32, '0'),
      digest: (text) => createHash('sha256').update(text).digest('base64url'),
      isOtherParty: () => false,
    };
  }
}

function presentedAs(kind, familyId, number) {
  return { kind, familyId, number, keyId: '1', epoch: 0 };
}
