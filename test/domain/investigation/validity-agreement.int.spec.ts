import { createHash } from 'node:crypto';
import { describe, expect, it } from '@jest/globals';
import { decodeProtectedHeader } from 'jose';
import { AccessModule } from '../../../src/access/access.module.js';
import { AccessTokenStatuses } from '../../../src/access/access-token-status.js';
import { DisableAccount } from '../../../src/directory/disable-account.handler.js';
import { DisableClient } from '../../../src/directory/disable-client.handler.js';
import { FirstStart } from '../../../src/directory/first-start.service.js';
import { SignOutEverywhere } from '../../../src/directory/sign-out-everywhere.handler.js';
import { VoidTokens } from '../../../src/directory/void-tokens.handler.js';
import type { RecordedEvent } from '../../../src/domain/envelope.js';
import type { EventOf } from '../../../src/domain/events/event-catalogue.js';
import {
  DEFAULT_PROJECT,
  type Instant,
  type Position,
  type StreamKind,
  type Subject,
  streamIdOf,
} from '../../../src/domain/identifiers.js';
import {
  accessTokenValidity,
  clientTokenValidity,
  refreshTokenValidity,
  type Validity,
} from '../../../src/domain/investigation/validity.rules.js';
import { IssueGrant } from '../../../src/grants/issue-grant.command.js';
import { RedeemCode } from '../../../src/grants/redeem-code.command.js';
import { RefreshTokens } from '../../../src/grants/refresh-tokens.command.js';
import { RefreshTokenStatuses } from '../../../src/grants/refresh-token-status.service.js';
import { RevokeFamily } from '../../../src/grants/revoke-family.command.js';
import { RevokeToken } from '../../../src/grants/revoke-token.command.js';
import type { TokenAnswer, TokenOutcome } from '../../../src/grants/token-answer.js';
import { TokenCodec } from '../../../src/tokens/token-codec.js';
import {
  clientToken,
  registered,
  type RegisteredClient,
  request,
} from '../../access/granted-access.js';
import {
  createAccount,
  directories,
  type OpenedDirectory,
  operator,
} from '../../directory/opened-directory.js';
import { codeOf, liveSession } from '../../support/live-session.js';
import { clientTokenGround, familyGround } from './grounds.js';

const REDIRECT_URI = 'https://photos.example.com/callback';
const VERIFIER = 'dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk';
const CHALLENGE = createHash('sha256').update(VERIFIER).digest('base64url');
const DAY = 86_400_000;

const { open } = directories();

/** A token that somebody got, and whose it is. */
interface Held {
  readonly name: string;
  readonly kind: 'access' | 'refresh' | 'client';
  readonly text: string;
  /** Of its family, or its own stream; and its sequence or generation. */
  readonly id: string;
  readonly number: number;
  readonly clientId: string;
  readonly subject?: Subject;
  readonly sessionId?: string;
}

/** What introspection said of a token when the ledger had so many events. */
interface Testimony {
  readonly held: Held;
  readonly size: Position;
  readonly at: Instant;
  readonly reason: string | null;
}

/** A service with people, clients and tokens, and all that introspection ever said of these. */
class Witness {
  readonly testimonies: Testimony[] = [];
  readonly tokens: Held[] = [];

  constructor(readonly directory: OpenedDirectory) {}

  /** A person lets a client have tokens. */
  async grant(
    name: string,
    { client, caller }: RegisteredClient,
    subject: Subject,
    sessionId?: string,
  ): Promise<TokenAnswer> {
    const offline = sessionId === undefined ? ['offline_access'] : [];
    const { ledger } = this.directory.resources;
    const granted = await this.directory.execute(
      new IssueGrant(
        {
          caller,
          subject,
          sessionId: sessionId ?? (await liveSession(ledger, subject)),
          scope: [...offline, 'openid', 'photos:read'],
          resources: [],
          authTime: Date.now(),
          amr: ['pwd'],
          policy: {
            rotation: 'rotate',
            retryWindow: 30_000,
            retryUntilUsed: false,
            idle: DAY,
            onReuse: 'revoke_family',
          },
          absoluteLifetime: 2 * DAY,
          codeLifetime: 60_000,
          code: { redirectUri: REDIRECT_URI, codeChallenge: CHALLENGE },
        },
        request(),
      ),
    );
    const redeem = new RedeemCode(codeOf(granted), caller, request(), REDIRECT_URI, VERIFIER);
    const whose = { clientId: client.clientId, subject, ...(sessionId ? { sessionId } : {}) };
    return this.hold(name, await this.directory.execute(redeem), whose);
  }

  /** A client refreshes; it holds the new tokens beside the old. */
  async refresh(
    name: string,
    { client, caller }: RegisteredClient,
    subject: Subject,
    refreshToken: string,
  ): Promise<TokenAnswer> {
    const outcome = await this.directory.execute(
      new RefreshTokens(refreshToken, caller, request(), {}),
    );
    return this.hold(name, outcome, { clientId: client.clientId, subject });
  }

  /** A client gets a token for itself. */
  async machine(name: string, one: RegisteredClient): Promise<string> {
    const text = await clientToken(this.directory, one);
    const { clientId } = one.client;
    this.tokens.push({ name, kind: 'client', text, ...accessTokenName(text), clientId });
    return text;
  }

  /** Asks about every token at once and when it has expired. */
  async ask(): Promise<void> {
    const size = await this.directory.resources.ledger.size();
    const now = Date.now();
    for (const held of this.tokens) {
      for (const at of [now, now + 700_000, now + DAY + 60_000, now + 2 * DAY + 60_000]) {
        this.testimonies.push({ held, size, at, reason: await this.reasonOf(held, at) });
      }
    }
  }

  private hold(
    name: string,
    outcome: TokenOutcome,
    whose: Pick<Held, 'clientId' | 'subject' | 'sessionId'>,
  ): TokenAnswer {
    if (outcome.kind === 'refused') throw new Error(`${name}: ${outcome.reason}`);
    const { accessToken, refreshToken } = outcome;
    const access = { kind: 'access', text: accessToken, ...accessTokenName(accessToken) } as const;
    this.tokens.push({ name, ...access, ...whose });
    if (refreshToken !== undefined) {
      const { id, number } = this.directory.get(TokenCodec).decode('refresh', refreshToken)!;
      this.tokens.push({ name, kind: 'refresh', text: refreshToken, id, number, ...whose });
    }
    return outcome;
  }

  private async reasonOf({ kind, text }: Held, at: Instant): Promise<string | null> {
    if (kind === 'refresh') {
      const active = await this.directory.get(RefreshTokenStatuses).statusOf(text, at);
      return active === undefined ? 'inactive' : null;
    }
    const status = await this.directory.get(AccessTokenStatuses).statusOf(text, at);
    return status.isActive ? null : status.reason;
  }
}

function accessTokenName(text: string): { readonly id: string; readonly number: number } {
  const claims = JSON.parse(Buffer.from(text.split('.')[1]!, 'base64url').toString()) as {
    readonly jti: string;
  };
  const [id = '', sequence] = claims.jti.split('.');
  return { id, number: Number(sequence) };
}

function keyIdOf(text: string): string {
  return decodeProtectedHeader(text).kid ?? '';
}

/** What the rules say of the same token, from the events that there were by then. */
function validityOf({ held, size, at }: Testimony, events: readonly RecordedEvent[]): Validity {
  const of = (kind: StreamKind, id = ''): readonly RecordedEvent[] =>
    events.filter(({ streamId, position }) => streamId === streamIdOf(kind, id) && position < size);
  const owners = {
    client: of('client', held.clientId),
    project: of('project', DEFAULT_PROJECT),
    signingKey: of('signing_key', held.kind === 'refresh' ? '' : keyIdOf(held.text)),
  };
  if (held.kind === 'client') {
    const clientToken = of('client_token', held.id);
    return clientTokenValidity(clientTokenGround({ ...owners, clientToken }), at);
  }
  const session = of('session', held.sessionId);
  const ground = {
    ...owners,
    family: of('family', held.id),
    account: of('account', held.subject),
    session,
    rootSession: of('session', String(session[0]?.data['rootSessionId'])),
  };
  return held.kind === 'access'
    ? accessTokenValidity(familyGround(ground, { sequence: held.number }), held.number, at)
    : refreshTokenValidity(familyGround(ground, { generation: held.number }), held.number, at);
}

/** What introspection calls it: whatever has expired is no token, and refresh tokens have no reason. */
function inItsWords({ held }: Testimony, { reason }: Validity): string | null {
  if (reason === null) return null;
  if (held.kind === 'refresh') return 'inactive';
  return reason === 'expired' ? 'not_genuine' : reason;
}

async function append<Kind extends StreamKind>(
  { resources }: OpenedDirectory,
  kind: Kind,
  id: string,
  event: EventOf<Kind>,
): Promise<void> {
  await resources.ledger.execute<Kind, undefined>({
    kind,
    streamId: streamIdOf(kind, id),
    project: DEFAULT_PROJECT,
    attribution: operator,
    decide: () => ({ events: [event], outcome: undefined }),
  });
}

async function lived(): Promise<Witness> {
  const directory = await open({ imports: [AccessModule] });
  await directory.get(FirstStart).complete();
  const witness = new Witness(directory);
  const [web, other] = [await registered(directory, 'web'), await registered(directory, 'web')];
  const machine = await registered(directory, 'machine');
  const [ana, bob, carl] = [
    await createAccount(directory, 'ana'),
    await createAccount(directory, 'bob'),
    await createAccount(directory, 'carl'),
  ];
  const sessionStarted = { authTime: 1, amr: [], expiresAt: Date.now() + DAY };
  const data = { ...sessionStarted, subject: ana };
  await append(directory, 'session', 'the-session', { type: 'SessionStarted', data });
  const next = { ...data, rootSessionId: 'the-session' };
  await append(directory, 'session', 'the-next-session', { type: 'SessionStarted', data: next });

  const first = await witness.grant('rotated', web, ana);
  await witness.ask();
  await witness.refresh('rotated', web, ana, first.refreshToken!);
  const doomed = await witness.grant('revoked', web, ana);
  await witness.grant('of a session', web, ana, 'the-session');
  await witness.grant('of a session with a root', web, ana, 'the-next-session');
  await witness.grant('signed out everywhere', web, bob);
  await witness.grant('of a disabled account', web, carl);
  await witness.grant('of a disabled client', other, ana);
  const machineToken = await witness.machine('revoked machine', machine);
  await witness.machine('machine', machine);
  await witness.ask();

  const { familyId } = await verified(directory, doomed.accessToken);
  const revokeOne = async (text: string, { caller }: RegisteredClient) =>
    directory.execute(new RevokeToken(text, caller, request(), await verified(directory, text)));
  const ended = { reason: 'operator_request', actor: 'operator' } as const;
  const endings = [
    () => revokeOne(first.accessToken, web),
    () => revokeOne(machineToken, machine),
    () => directory.execute(new RevokeFamily(familyId, ended, request())),
    () =>
      append(directory, 'session', 'the-session', {
        type: 'SessionEnded',
        data: { reason: 'renewed' },
      }),
    () =>
      append(directory, 'session', 'the-session', {
        type: 'SessionEnded',
        data: { reason: 'signed_out' },
      }),
    () =>
      append(directory, 'session', 'the-next-session', {
        type: 'SessionEnded',
        data: { reason: 'signed_out' },
      }),
    () => directory.execute(new SignOutEverywhere(bob, operator)),
    () => directory.execute(new DisableAccount(carl, operator)),
    () => directory.execute(new DisableClient(other.client.clientId, operator)),
    () => {
      const tokensNotBefore = Math.ceil((Date.now() + 1) / 1000) * 1000;
      const keyId = keyIdOf(first.accessToken);
      return directory.execute(new VoidTokens('signing_key', keyId, tokensNotBefore, operator));
    },
    () => append(directory, 'project', DEFAULT_PROJECT, { type: 'ProjectDisabled', data: {} }),
  ];
  for (const end of endings) {
    await end();
    await witness.ask();
  }
  return witness;
}

async function verified(directory: OpenedDirectory, text: string) {
  return (await directory.get(AccessTokenStatuses).verify(text, Date.now()))!;
}

describe('what a token was worth at a moment', () => {
  it('is what introspection said of it then', async () => {
    const { directory, testimonies } = await lived();
    const events = await directory.events();
    const told = testimonies.map((one) => inItsWords(one, validityOf(one, events)));
    expect(told).toEqual(testimonies.map(({ reason }) => reason));
    expect(new Set(testimonies.map(({ reason }) => reason))).toEqual(
      new Set([
        null,
        'inactive',
        'not_genuine',
        'family_revoked',
        'access_token_revoked',
        'session_ended',
        'not_before',
        'account_disabled',
        'client_disabled',
        'project_disabled',
      ]),
    );
  });

  it('names the events that made it so: before the last of them it was another', async () => {
    const { directory, testimonies } = await lived();
    const events = await directory.events();
    const undecided = testimonies.filter((one) => {
      const { decidedBy, reason } = validityOf(one, events);
      const last = decidedBy.at(-1) ?? one.size;
      return last >= one.size || validityOf({ ...one, size: last }, events).reason === reason;
    });
    expect(undecided).toEqual([]);
  });
});
