import { describe, expect, it } from '@jest/globals';
import type { EventOf } from '../../../src/domain/events/event-catalogue.js';
import { DEFAULT_PROJECT, type Instant, type StreamKind } from '../../../src/domain/identifiers.js';
import {
  accountValidity,
  type ClientTokenGround,
  clientTokenValidity as clientTokenValidityOn,
  clientValidity,
  codeValidity as codeValidityOn,
  accessTokenValidity as accessTokenValidityOn,
  idTokenValidity,
  refreshTokenValidity as refreshTokenValidityOn,
  type Validity,
} from '../../../src/domain/investigation/validity.rules.js';
import type { FamilyGround } from '../../../src/domain/investigation/validity-ending.rules.js';
import {
  accessToken,
  accessTokenRevoked,
  by,
  familyAt,
  granted,
  POLICY,
  redeemed,
  refreshed,
  revoked,
  rotatedTo,
} from '../../support/domain-family-events.js';
import {
  account,
  DAY,
  FAMILY_ID,
  GRANTED_AT,
  MINUTE,
  PHOTOS_API,
  photoApp,
  REDEEMED_AT,
  rotatedAt,
  SCOPE,
  SECOND,
  SUBJECT,
} from '../../support/domain-world.js';
import { fold } from '../../support/given-when-then.js';
import {
  accountGround,
  clientGround,
  clientTokenGround,
  type EventsOf,
  familyGround,
} from './grounds.js';
import { ledgerEvents, place } from './told-families.js';

/** Events of a stream of the directory, a second apart, from this index on. */
function directory<Kind extends StreamKind>(
  kind: Kind,
  id: string,
  from: number,
  ...events: readonly EventOf<Kind>[]
) {
  const recorded = events.map(({ type, data }, index) => ({
    type,
    data,
    recordedAt: GRANTED_AT + index * SECOND,
  }));
  return ledgerEvents(kind, id, recorded, from);
}

const clientRegistered: EventOf<'client'> = {
  type: 'ClientRegistered',
  data: {
    metadata: photoApp.metadata,
    firstParty: false,
    verified: true,
    operatorScopes: [],
    mayIntrospect: false,
  },
};
const accountCreated: EventOf<'account'> = {
  type: 'AccountCreated',
  data: { credentialId: 'credential-1', roles: [], usernameDigest: account.usernameDigest },
};
const sessionStarted: EventOf<'session'> = {
  type: 'SessionStarted',
  data: { subject: SUBJECT, authTime: GRANTED_AT, amr: ['pwd'], expiresAt: GRANTED_AT + DAY },
};
const ended = (reason: 'signed_out' | 'renewed'): EventOf<'session'> => ({
  type: 'SessionEnded',
  data: { reason },
});
const movedTo = (tokensNotBefore: Instant): EventOf<'account'> => ({
  type: 'AccountTokensNotBeforeMoved',
  data: { tokensNotBefore },
});

const clientMovedTo = (tokensNotBefore: Instant): EventOf<'client'> => ({
  type: 'ClientTokensNotBeforeMoved',
  data: { tokensNotBefore },
});

const keyMovedTo = (tokensNotBefore: Instant): EventOf<'signing_key'> => ({
  type: 'SigningKeyTokensNotBeforeMoved',
  data: { tokensNotBefore },
});
const keyEvents = (...more: readonly EventOf<'signing_key'>[]) =>
  directory(
    'signing_key',
    'key-1',
    60,
    {
      type: 'SigningKeyCreated',
      data: { algorithm: 'ES256', publicJwk: {}, vaultId: 'vault-1' },
    },
    ...more,
  );

const clientEvents = (...more: readonly EventOf<'client'>[]) =>
  directory('client', photoApp.clientId, 20, clientRegistered, ...more);
const accountEvents = (...more: readonly EventOf<'account'>[]) =>
  directory('account', SUBJECT, 30, accountCreated, ...more);
const projectEvents = (...more: readonly EventOf<'project'>[]) =>
  directory(
    'project',
    DEFAULT_PROJECT,
    40,
    { type: 'ProjectCreated', data: { slug: DEFAULT_PROJECT } },
    ...more,
  );
const sessionEvents = (...more: readonly EventOf<'session'>[]) =>
  directory('session', 'session-1', 50, sessionStarted, ...more);

const clientDisabled: EventOf<'client'> = { type: 'ClientDisabled', data: {} };
const accountDisabled: EventOf<'account'> = { type: 'AccountDisabled', data: {} };
const accountErased: EventOf<'account'> = { type: 'AccountErased', data: {} };
const projectDisabled: EventOf<'project'> = { type: 'ProjectDisabled', data: {} };

const owners = {
  client: clientEvents(),
  account: accountEvents(),
  project: projectEvents(),
  session: sessionEvents(),
  rootSession: [],
  signingKey: [],
};

/** All that these events of a family depend on, with everything as it usually is. */
function ground(
  history: Parameters<typeof fold>[0],
  overrides: Partial<EventsOf<FamilyGround>> = {},
): EventsOf<FamilyGround> {
  return { ...owners, family: ledgerEvents('family', FAMILY_ID, history), ...overrides };
}

type FamilyEvents = EventsOf<FamilyGround>;

function accessTokenValidity(events: FamilyEvents, sequence: number, at: Instant): Validity {
  return accessTokenValidityOn(familyGround(events, { sequence }), sequence, at);
}

function refreshTokenValidity(events: FamilyEvents, generation: number, at: Instant): Validity {
  return refreshTokenValidityOn(familyGround(events, { generation }), generation, at);
}

function codeValidity(events: FamilyEvents, at: Instant): Validity {
  return codeValidityOn(familyGround(events), at);
}

function clientTokenValidity(events: EventsOf<ClientTokenGround>, at: Instant): Validity {
  return clientTokenValidityOn(clientTokenGround(events), at);
}

const NOTHING = { isValid: false, terms: null, decidedBy: [] };

describe('an access token at a moment', () => {
  const terms = { scope: SCOPE, audience: [PHOTOS_API], expiresAt: rotatedAt(2) };
  const now = rotatedAt(1) + MINUTE;

  it('is valid with what it was minted with', () => {
    const narrow = { scope: ['openid'], audience: ['https://api.example.com/prints'] };
    const token = accessToken(2, rotatedAt(2), narrow);
    const family = ground([...familyAt(1), rotatedTo(2, { token })]);
    expect(accessTokenValidity(family, 2, rotatedAt(2))).toStrictEqual({
      isValid: true,
      reason: null,
      terms: { ...narrow, expiresAt: rotatedAt(3) },
      decidedBy: [place(3)],
    });
  });

  it('is unknown where its family is, and was not issued before it was', () => {
    expect(accessTokenValidity(ground([]), 0, now)).toStrictEqual({
      ...NOTHING,
      reason: 'unknown',
    });
    expect(accessTokenValidity(ground(familyAt(1)), 2, now)).toStrictEqual({
      ...NOTHING,
      reason: 'not_yet_issued',
    });
    expect(accessTokenValidity(ground([granted()]), 0, now)).toMatchObject({
      reason: 'not_yet_issued',
    });
  });

  it('expires, whatever else ended it', () => {
    const family = ground([...familyAt(1), revoked(now)]);
    expect(accessTokenValidity(family, 1, rotatedAt(2) - 1).reason).toBe('family_revoked');
    expect(accessTokenValidity(family, 1, rotatedAt(2))).toStrictEqual({
      isValid: false,
      reason: 'expired',
      terms,
      decidedBy: [place(2)],
    });
  });

  it.each([
    ['family_revoked', [place(3)], ground([...familyAt(1), revoked(now)])],
    ['access_token_revoked', [place(3)], ground([...familyAt(1), accessTokenRevoked(1, now)])],
    ['client_disabled', [place(21)], ground(familyAt(1), { client: clientEvents(clientDisabled) })],
    ['client_disabled', [], ground(familyAt(1), { client: [] })],
    [
      'project_disabled',
      [place(41)],
      ground(familyAt(1), { project: projectEvents(projectDisabled) }),
    ],
    [
      'account_disabled',
      [place(31)],
      ground(familyAt(1), { account: accountEvents(accountDisabled, accountErased) }),
    ],
    ['account_disabled', [], ground(familyAt(1), { account: [] })],
    [
      'not_before',
      [place(32)],
      ground(familyAt(1), {
        account: accountEvents(
          movedTo(GRANTED_AT),
          movedTo(GRANTED_AT + 1),
          movedTo(GRANTED_AT + 2),
        ),
      }),
    ],
    [
      'not_before',
      [place(22)],
      ground(familyAt(1), {
        client: clientEvents(clientMovedTo(GRANTED_AT), clientMovedTo(GRANTED_AT + 1)),
      }),
    ],
    [
      'not_before',
      [place(62)],
      ground(familyAt(1), {
        signingKey: keyEvents(keyMovedTo(rotatedAt(1)), keyMovedTo(rotatedAt(1) + 1)),
      }),
    ],
  ] as const)('is worth nothing by %s, since the event at %j', (reason, endedBy, family) => {
    expect(accessTokenValidity(family, 1, now)).toStrictEqual({
      isValid: false,
      reason,
      terms,
      decidedBy: [place(2), ...endedBy],
    });
  });

  it('was worth nothing since an older one went with the ninth single revocation', () => {
    const revocations = [1, 2, 3, 4, 5, 6, 7, 9, 10].map((sequence) =>
      accessTokenRevoked(sequence, rotatedAt(10) + 1, rotatedAt(12)),
    );
    const token = accessToken(0, REDEEMED_AT, { expiresAt: rotatedAt(12) });
    const [first, second, ...rotations] = familyAt(10);
    const family = ground([
      first!,
      { ...second!, data: { ...second!.data, token } } as never,
      ...rotations,
      ...revocations,
    ]);
    expect(accessTokenValidity(family, 0, rotatedAt(11))).toMatchObject({
      reason: 'access_token_revoked',
      decidedBy: [place(1), place(20)],
    });
  });

  it('ends with the session unless it was granted offline, or the session was only renewed', () => {
    const history = (offline: boolean) => [
      granted({ offline }),
      redeemed({ token: accessToken(0, REDEEMED_AT, { expiresAt: rotatedAt(2) }) }),
    ];
    const at = (offline: boolean, ...events: readonly EventOf<'session'>[]) =>
      accessTokenValidity(ground(history(offline), { session: sessionEvents(...events) }), 0, now);
    expect(at(false).isValid).toBe(true);
    expect(at(false, ended('renewed')).isValid).toBe(true);
    expect(at(true, ended('signed_out')).isValid).toBe(true);
    expect(at(false, ended('renewed'), ended('signed_out'))).toStrictEqual({
      isValid: false,
      reason: 'session_ended',
      terms,
      decidedBy: [place(1), place(52)],
    });
  });

  it('ends with the root of its session, whichever of the two ended first', () => {
    const family = [
      granted({ offline: false }),
      redeemed({ token: accessToken(0, REDEEMED_AT, { expiresAt: rotatedAt(2) }) }),
    ];
    const began: EventOf<'session'> = {
      type: 'SessionStarted',
      data: { ...sessionStarted.data, rootSessionId: 'session-0' },
    };
    const at = (
      root: readonly EventOf<'session'>[],
      own: readonly EventOf<'session'>[],
      ownFirst: number,
    ) =>
      accessTokenValidity(
        ground(family, {
          rootSession: directory('session', 'session-0', 60, sessionStarted, ...root),
          session: directory('session', 'session-1', ownFirst, began, ...own),
        }),
        0,
        now,
      );
    expect(at([ended('renewed')], [], 70).isValid).toBe(true);
    const signedOut = ended('signed_out');
    for (const [own, ownFirst, by] of [
      [[], 70, 61],
      [[signedOut], 70, 61],
      [[signedOut], 50, 51],
    ] as const) {
      expect(at([signedOut], own, ownFirst)).toMatchObject({
        reason: 'session_ended',
        decidedBy: [place(1), place(by)],
      });
    }
  });
});

describe('a refresh token at a moment', () => {
  const expiresAt = rotatedAt(1) + POLICY.idle;
  const terms = { scope: SCOPE, audience: [PHOTOS_API], expiresAt };
  const family = ground(familyAt(1));

  it('is valid while it is the current one', () => {
    expect(refreshTokenValidity(family, 1, rotatedAt(1))).toStrictEqual({
      isValid: true,
      reason: null,
      terms,
      decidedBy: [place(2)],
    });
  });

  it('is unknown where its family is, and was not issued before it was', () => {
    expect(refreshTokenValidity(ground([]), 0, GRANTED_AT)).toStrictEqual({
      ...NOTHING,
      reason: 'unknown',
    });
    for (const [history, generation] of [
      [familyAt(1), 2],
      [[granted()], 0],
      [[granted(), redeemed({ generation: null })], 0],
    ] as const) {
      expect(refreshTokenValidity(ground(history), generation, GRANTED_AT)).toStrictEqual({
        ...NOTHING,
        reason: 'not_yet_issued',
      });
    }
  });

  it('is superseded since it was consumed, whatever ended the family later', () => {
    const later = ground([...familyAt(3), revoked(rotatedAt(4))]);
    expect(refreshTokenValidity(later, 1, rotatedAt(5))).toStrictEqual({
      isValid: false,
      reason: 'superseded',
      terms,
      decidedBy: [place(2), place(3)],
    });
  });

  it('expires when it was idle too long, later by each use where it is kept', () => {
    expect(refreshTokenValidity(family, 1, expiresAt - 1).isValid).toBe(true);
    expect(refreshTokenValidity(family, 1, expiresAt)).toStrictEqual({
      isValid: false,
      reason: 'expired_idle',
      terms,
      decidedBy: [place(2)],
    });
    const kept = ground([granted({ policy: { rotation: 'fixed' } }), redeemed(), refreshed(1)]);
    expect(refreshTokenValidity(kept, 0, expiresAt)).toStrictEqual({
      isValid: false,
      reason: 'expired_idle',
      terms,
      decidedBy: [place(2)],
    });
  });

  it('expires when its family has no whole second left, and at the latest then', () => {
    const short = ground([
      granted({ absoluteExpiresAt: GRANTED_AT + DAY }),
      redeemed({ idleExpiresAt: undefined }),
    ]);
    expect(refreshTokenValidity(short, 0, GRANTED_AT + DAY - 1000)).toMatchObject({
      isValid: true,
      terms: { expiresAt: GRANTED_AT + DAY },
    });
    expect(refreshTokenValidity(short, 0, GRANTED_AT + DAY - 999)).toMatchObject({
      reason: 'expired_absolute',
      decidedBy: [place(1), place(0)],
    });
  });

  it.each([
    ['family_revoked', [place(3)], ground([...familyAt(1), revoked(rotatedAt(1))])],
    ['client_disabled', [place(21)], ground(familyAt(1), { client: clientEvents(clientDisabled) })],
    [
      'not_before',
      [place(31)],
      ground(familyAt(1), { account: accountEvents(movedTo(GRANTED_AT + 1)) }),
    ],
  ] as const)('is worth nothing by %s, since the event at %j', (reason, endedBy, ended) => {
    expect(refreshTokenValidity(ended, 1, rotatedAt(1))).toStrictEqual({
      isValid: false,
      reason,
      terms,
      decidedBy: [place(2), ...endedBy],
    });
  });
});

describe('an ID token at a moment', () => {
  const token = { clientId: 'shop', issuedAt: GRANTED_AT, expiresAt: GRANTED_AT + MINUTE };

  it('is worth what it says from when it was issued until it expires', () => {
    const terms = { scope: [], audience: ['shop'], expiresAt: token.expiresAt };
    expect(idTokenValidity(token, token.issuedAt - 1)).toStrictEqual({
      ...NOTHING,
      reason: 'not_yet_issued',
    });
    expect(idTokenValidity(token, token.issuedAt)).toStrictEqual({
      isValid: true,
      reason: null,
      terms,
      decidedBy: [],
    });
    expect(idTokenValidity(token, token.expiresAt)).toStrictEqual({
      ...NOTHING,
      reason: 'expired',
      terms,
    });
  });
});

describe('a code at a moment', () => {
  const now = GRANTED_AT + SECOND;
  const made = granted();

  it('is good for one redemption, until it expires', () => {
    expect(codeValidity(ground([]), now)).toStrictEqual({ ...NOTHING, reason: 'unknown' });
    const ours = codeValidity(ground([made]), now);
    expect(ours).toMatchObject({ isValid: true, reason: null, decidedBy: [place(0)] });
    const expiresAt = ours.terms?.expiresAt ?? 0;
    expect(codeValidity(ground([made]), expiresAt)).toMatchObject({
      reason: 'code_expired',
      terms: { expiresAt },
      decidedBy: [place(0)],
    });
    expect(codeValidity(ground([made, redeemed()]), now)).toStrictEqual({
      ...NOTHING,
      reason: 'redeemed',
      decidedBy: [place(0), place(1)],
    });
    expect(codeValidity(ground([made, revoked(now)]), expiresAt)).toMatchObject({
      reason: 'family_revoked',
      decidedBy: [place(0), place(1)],
    });
  });

  it.each([
    ['client_disabled', { client: clientEvents(clientDisabled) }, 21],
    ['project_disabled', { project: projectEvents(projectDisabled) }, 41],
    ['account_disabled', { account: accountEvents(accountDisabled) }, 31],
    ['not_before', { client: clientEvents(clientMovedTo(now)) }, 21],
    ['not_before', { account: accountEvents(movedTo(now)) }, 31],
    ['session_ended', { session: sessionEvents(ended('signed_out')) }, 51],
  ])('is worth nothing after %s', (reason, overrides, index) => {
    const family = ground([granted({ offline: false })], overrides);
    expect(codeValidity(family, now)).toMatchObject({
      isValid: false,
      reason,
      decidedBy: [place(0), place(index)],
    });
  });

  it('outlives its session when it is for offline access', () => {
    const overrides = { session: sessionEvents(ended('signed_out')) };
    expect(codeValidity(ground([granted({ offline: true })], overrides), now).isValid).toBe(true);
  });
});

describe("a client's own token at a moment", () => {
  const issued: EventOf<'client_token'> = {
    type: 'ClientTokenIssued',
    data: { ...by(GRANTED_AT), token: accessToken(0, GRANTED_AT) },
  };
  const expiresAt = GRANTED_AT + 10 * MINUTE;
  const revocation: EventOf<'client_token'> = {
    type: 'AccessTokenRevoked',
    data: { sequence: 0, expiresAt, reason: 'client_request' },
  };
  const terms = { scope: SCOPE, audience: [PHOTOS_API], expiresAt };
  const token = (...more: readonly EventOf<'client_token'>[]) =>
    directory('client_token', FAMILY_ID, 0, issued, ...more);
  const { client, project, signingKey } = owners;

  it('is valid with what it was minted with', () => {
    expect(
      clientTokenValidity({ clientToken: token(), client, project, signingKey }, expiresAt - 1),
    ).toStrictEqual({ isValid: true, reason: null, terms, decidedBy: [place(0)] });
  });

  it('is unknown before it was issued', () => {
    expect(
      clientTokenValidity({ clientToken: [], client, project, signingKey }, GRANTED_AT),
    ).toStrictEqual({
      ...NOTHING,
      reason: 'unknown',
    });
  });

  it.each([
    ['expired', expiresAt, { clientToken: token(revocation), client, project, signingKey }, []],
    [
      'access_token_revoked',
      expiresAt - 1,
      { clientToken: token(revocation, revocation), client, project, signingKey },
      [place(1)],
    ],
    [
      'client_disabled',
      GRANTED_AT,
      {
        clientToken: token(),
        client: clientEvents(clientDisabled),
        project: projectEvents(projectDisabled),
        signingKey,
      },
      [place(21)],
    ],
    [
      'not_before',
      GRANTED_AT,
      {
        clientToken: token(),
        client: clientEvents(clientMovedTo(GRANTED_AT + 1)),
        project,
        signingKey,
      },
      [place(21)],
    ],
    [
      'not_before',
      GRANTED_AT,
      { clientToken: token(), client, project, signingKey: keyEvents(keyMovedTo(GRANTED_AT + 1)) },
      [place(61)],
    ],
    [
      'project_disabled',
      GRANTED_AT,
      { clientToken: token(), client, project: projectEvents(projectDisabled), signingKey },
      [place(41)],
    ],
  ] as const)('is worth nothing: %s', (reason, at, tokenGround, endedBy) => {
    expect(clientTokenValidity(tokenGround, at)).toStrictEqual({
      isValid: false,
      reason,
      terms,
      decidedBy: [place(0), ...endedBy],
    });
  });
});

describe('a client at a moment', () => {
  const { client, project } = owners;
  const disabled = clientEvents(clientDisabled);
  const projectEnded = projectEvents(projectDisabled);

  it.each([
    [null, client, project, [place(20)]],
    ['unknown', [], project, []],
    ['client_disabled', disabled, projectEnded, [place(20), place(21)]],
    ['project_disabled', client, projectEnded, [place(20), place(41)]],
    ['project_disabled', client, [], [place(20)]],
  ] as const)('is worth nothing or something: %s', (reason, client, project, decidedBy) => {
    const isValid = reason === null;
    expect(clientValidity(clientGround({ client, project }))).toStrictEqual({
      isValid,
      reason,
      terms: null,
      decidedBy,
    });
  });
});

describe('an account at a moment', () => {
  const { account, project } = owners;
  const disabled = accountEvents(accountDisabled);
  const projectEnded = projectEvents(projectDisabled);

  it.each([
    [null, account, project, [place(30)]],
    ['unknown', [], project, []],
    ['account_disabled', disabled, project, [place(30), place(31)]],
    ['account_disabled', accountEvents(accountErased), project, [place(30), place(31)]],
    ['project_disabled', disabled, projectEnded, [place(30), place(41)]],
  ] as const)('is worth nothing or something: %s', (reason, account, project, decidedBy) => {
    const isValid = reason === null;
    expect(accountValidity(accountGround({ account, project }))).toStrictEqual({
      isValid,
      reason,
      terms: null,
      decidedBy,
    });
  });
});
