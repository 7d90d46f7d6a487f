import { describe, expect, it } from '@jest/globals';
import { checkAnswers, checkHistory } from './checker.js';
import { type Exchange, type LedgerEvent, NO_GENERATION } from './history.js';

/** A refresh of a generation that succeeds at one node after another, each in ten milliseconds. */
const refreshed = (generation: number, changed: Partial<Exchange> = {}): Exchange => ({
  family: 0,
  familyId: 'f',
  operation: 'refresh',
  generation,
  node: 'a',
  startedAt: 100 * generation,
  endedAt: 100 * generation + 10,
  status: 200,
  successor: `successor of ${generation}`,
  tokenId: `f.${generation + 1}`,
  ...changed,
});

const revoked = (startedAt: number, changed: Partial<Exchange> = {}): Exchange => ({
  family: 0,
  familyId: 'f',
  operation: 'revoke',
  generation: 3,
  node: 'b',
  startedAt,
  endedAt: startedAt + 10,
  status: 200,
  ...changed,
});

const refused = (generation: number, startedAt: number): Exchange => ({
  family: 0,
  familyId: 'f',
  operation: 'refresh',
  generation,
  node: 'c',
  startedAt,
  endedAt: startedAt + 10,
  status: 400,
  error: 'invalid_grant',
});

/** The redemption of the code that the family begins with, by which the family had its first token. */
const redeemed = (startedAt: number, changed: Partial<Exchange> = {}): Exchange => ({
  family: 0,
  familyId: 'f',
  operation: 'redeem',
  generation: NO_GENERATION,
  node: 'a',
  startedAt,
  endedAt: startedAt + 10,
  status: 200,
  successor: 'first',
  tokenId: 'f.0',
  ...changed,
});

const LOST = { status: undefined, successor: undefined, tokenId: undefined, error: 'ECONNRESET' };
const UNAVAILABLE = { ...LOST, status: 503, retryAfter: 1, error: 'temporarily_unavailable' };
const REFUSED = { ...LOST, status: 400, error: 'invalid_grant' };

const introspected = (
  isActive: boolean,
  startedAt: number,
  changed: Partial<Exchange> = {},
): Exchange => ({
  family: 0,
  familyId: 'f',
  operation: 'introspect',
  generation: 3,
  node: 'b',
  startedAt,
  endedAt: startedAt + 10,
  status: 200,
  isActive,
  ...changed,
});

const taken = (changed: Partial<Exchange> = {}): Exchange => ({
  family: 1,
  operation: 'take',
  generation: NO_GENERATION,
  node: 'a',
  startedAt: 0,
  endedAt: 10,
  status: 200,
  tokenId: 't.0',
  ...changed,
});

const rotation = (generation: number): LedgerEvent => ({
  position: generation + 1,
  streamId: 'family:f',
  streamVersion: generation + 2,
  type: 'RefreshTokenRotated',
  data: {
    presentedGeneration: generation,
    generation: generation + 1,
    token: { sequence: generation + 1 },
  },
});

const event = (position: number, type: string): LedgerEvent => ({
  position,
  streamId: 'family:f',
  streamVersion: position + 1,
  type,
  data: {},
});

/** A family of three rotations, and what its client was told of them. */
const BEGUN = { ...event(0, 'GrantRedeemed'), data: { token: { sequence: 0 } } };
const EVENTS = [BEGUN, rotation(0), rotation(1), rotation(2)];
const EXCHANGES = [refreshed(0), refreshed(1), refreshed(2)];

/** The stream of a token that a client took for itself. */
const issued = (position: number, streamVersion = 1): LedgerEvent => ({
  position,
  streamId: 'client_token:t',
  streamVersion,
  type: 'ClientTokenIssued',
  data: { token: { sequence: 0 } },
});

const kindsIn = (exchanges: readonly Exchange[], events: readonly LedgerEvent[] = EVENTS) => [
  ...new Set(checkHistory(exchanges, events).map(({ kind }) => kind)),
];

describe('a history that keeps its promises', () => {
  it('is one of rotations', () => {
    expect(checkHistory(EXCHANGES, EVENTS)).toEqual([]);
  });

  it('may have retries, answers that were lost and answers that say that nothing works', () => {
    const more = [
      refreshed(1, { node: 'b', startedAt: 105, endedAt: 130 }),
      refreshed(1, { node: 'c', startedAt: 150, endedAt: 160 }),
      refreshed(2, { status: undefined, tokenId: undefined, error: 'ECONNRESET' }),
      refreshed(2, { status: 503, tokenId: undefined, successor: undefined, retryAfter: 1 }),
    ];
    expect(kindsIn([...EXCHANGES, ...more])).toEqual([]);
  });

  it('may have refusals of a token whose successor was used, or of a family that is revoked', () => {
    const ended = [...EVENTS, event(4, 'FamilyRevoked')];
    const exchanges = [...EXCHANGES, refused(0, 300), revoked(400), refused(3, 420)];
    expect(kindsIn(exchanges, ended)).toEqual([]);
  });

  it('may have a retry that succeeds while the successor is on its way', () => {
    const late = refreshed(1, { startedAt: 205, endedAt: 300 });
    expect(kindsIn([...EXCHANGES, late])).toEqual([]);
  });

  it('may have a refresh that succeeds while the family is being revoked', () => {
    const ended = [...EVENTS, rotation(3), event(5, 'FamilyRevoked')];
    const during = refreshed(3, { startedAt: 405, endedAt: 450 });
    expect(kindsIn([...EXCHANGES, revoked(400), during], ended)).toEqual([]);
  });

  it('may begin with a code, whose redemption is acknowledged', () => {
    expect(kindsIn([redeemed(-20), ...EXCHANGES])).toEqual([]);
  });

  it.each([
    ['nobody answered', LOST],
    ['nothing was said of', UNAVAILABLE],
  ])('may refuse a code that was presented before, which %s, and end its family', (_name, lost) => {
    const ended = [BEGUN, event(1, 'RefreshTokenReuseDetected'), event(2, 'FamilyRevoked')];
    expect(kindsIn([redeemed(-40, lost), redeemed(-20, REFUSED)], ended)).toEqual([]);
    expect(kindsIn([redeemed(-40, lost), redeemed(-20)], [BEGUN])).toEqual([]);
  });

  it('may end a family whose code is presented again after all', () => {
    const ended = [...EVENTS, event(4, 'RefreshTokenReuseDetected'), event(5, 'FamilyRevoked')];
    const late = redeemed(-40, { ...LOST, endedAt: -20 });
    const worthless = [refused(3, 310), introspected(false, 330)];
    expect(kindsIn([late, redeemed(-20), ...EXCHANGES, ...worthless], ended)).toEqual([]);
  });

  it('may have access tokens that are worth something until the family is revoked', () => {
    const ended = [...EVENTS, event(4, 'FamilyRevoked')];
    const asked = [
      introspected(true, 380),
      introspected(false, 402),
      introspected(true, 403),
      introspected(false, 420),
      introspected(false, 440, { ...UNAVAILABLE, isActive: undefined }),
    ];
    expect(kindsIn([...EXCHANGES, revoked(400), ...asked], ended)).toEqual([]);
  });

  it('may have tokens that clients took for themselves, and some that nobody was told of', () => {
    const exchanges = [taken(), taken({ ...LOST, startedAt: 20 })];
    const untold = { ...issued(1), streamId: 'client_token:u' };
    expect(kindsIn(exchanges, [issued(0), untold])).toEqual([]);
  });

  it('may end with more in the ledger than anybody was told', () => {
    expect(kindsIn(EXCHANGES.slice(0, 1))).toEqual([]);
  });
});

describe('a history that breaks a promise', () => {
  it.each<[string, string, readonly Exchange[], readonly LedgerEvent[]]>([
    [
      'a rotation that was acknowledged and lost',
      'acknowledged_lost',
      EXCHANGES,
      EVENTS.slice(0, 3),
    ],
    [
      'an access token that the ledger does not know',
      'acknowledged_lost',
      [...EXCHANGES, refreshed(2, { startedAt: 250, tokenId: 'f.9' })],
      EVENTS,
    ],
    ['a family that is gone', 'acknowledged_lost', EXCHANGES, []],
    [
      'a revocation that was acknowledged and lost',
      'acknowledged_lost',
      [...EXCHANGES, revoked(400)],
      EVENTS,
    ],
    [
      'two successors of one token',
      'two_successors',
      [...EXCHANGES, refreshed(2, { startedAt: 205, successor: 'another' })],
      EVENTS,
    ],
    [
      'a token that works although its successor was used',
      'two_live_generations',
      [...EXCHANGES, refreshed(1, { startedAt: 211, endedAt: 220 })],
      EVENTS,
    ],
    [
      'a refresh after a revocation',
      'alive_after_revocation',
      [...EXCHANGES, revoked(400), refreshed(3, { startedAt: 411, endedAt: 420 })],
      [...EVENTS, rotation(3), event(5, 'FamilyRevoked')],
    ],
    [
      'a refusal that nobody gave cause for',
      'refused_without_cause',
      [...EXCHANGES, refused(3, 300)],
      EVENTS,
    ],
    [
      'a refusal before the revocation began',
      'refused_without_cause',
      [...EXCHANGES, refused(3, 300), revoked(400)],
      [...EVENTS, event(4, 'FamilyRevoked')],
    ],
    [
      'one generation that was rotated twice',
      'generations_broken',
      EXCHANGES,
      [...EVENTS, { ...rotation(2), position: 4, streamVersion: 5 }],
    ],
    [
      'a ledger that suspects itself',
      'rollback_suspected',
      EXCHANGES,
      [...EVENTS, event(4, 'LedgerRollbackSuspected')],
    ],
    [
      'a code that is refused when it is first presented',
      'refused_without_cause',
      [redeemed(-20, REFUSED)],
      [BEGUN],
    ],
    [
      'a code that is refused before it is presented again',
      'refused_without_cause',
      [redeemed(-40, REFUSED), redeemed(-20, LOST)],
      [BEGUN],
    ],
    [
      'a code that is refused again though nothing redeemed it',
      'refused_without_cause',
      [redeemed(-40, LOST), redeemed(-20, REFUSED)],
      [event(0, 'GrantIssued')],
    ],
    [
      'a family that ended with the first redemption of its code, which nobody answered',
      'refused_without_cause',
      [redeemed(-20, LOST)],
      [BEGUN, event(1, 'RefreshTokenReuseDetected'), event(2, 'FamilyRevoked')],
    ],
    [
      'a code that was redeemed twice',
      'two_successors',
      [redeemed(-40), redeemed(-20), ...EXCHANGES],
      EVENTS,
    ],
    [
      'a code that works although its successor was used',
      'two_live_generations',
      [redeemed(-40, LOST), ...EXCHANGES, redeemed(300)],
      EVENTS,
    ],
    [
      'a redemption that was acknowledged and lost',
      'acknowledged_lost',
      [redeemed(-20)],
      [event(0, 'GrantIssued')],
    ],
    [
      'a redemption whose access token the ledger does not know',
      'acknowledged_lost',
      [redeemed(-20, { tokenId: 'f.9' })],
      EVENTS,
    ],
    [
      'an access token of a living family that is worth nothing',
      'refused_without_cause',
      [...EXCHANGES, introspected(false, 300)],
      EVENTS,
    ],
    [
      'an access token that is worth something after a revocation',
      'alive_after_revocation',
      [...EXCHANGES, revoked(400), introspected(true, 411)],
      [...EVENTS, event(4, 'FamilyRevoked')],
    ],
    [
      'an introspection that is refused',
      'refused_without_cause',
      [...EXCHANGES, revoked(400), introspected(false, 420, { ...REFUSED, isActive: undefined })],
      [...EVENTS, event(4, 'FamilyRevoked')],
    ],
    [
      'a token of a client that is refused',
      'refused_without_cause',
      [taken({ ...REFUSED, status: 401 })],
      [],
    ],
    ['a token of a client that was acknowledged and lost', 'acknowledged_lost', [taken()], []],
    [
      'a token of a client that was issued twice',
      'acknowledged_lost',
      [taken()],
      [issued(0), issued(1, 2)],
    ],
    [
      'a token of a client of which the ledger has another',
      'acknowledged_lost',
      [taken({ tokenId: 't.1' })],
      [issued(0)],
    ],
    ['a position that is missing', 'not_dense', [], [event(0, 'LogOpened'), event(2, 'LogOpened')]],
    [
      'a version that stands twice',
      'not_dense',
      EXCHANGES,
      [...EVENTS, { ...event(4, 'RefreshRetried'), streamVersion: 4 }],
    ],
  ])('is found: %s', (_name, kind, exchanges, events) => {
    expect(kindsIn(exchanges, events)).toEqual([kind]);
  });

  it('names family, generation, nodes and times, and no token', () => {
    const [violation] = checkHistory([...EXCHANGES, refused(3, 300)], EVENTS);
    expect(violation?.found).toBe(
      'family 0: refresh of generation 3 at c, 300.0-310.0 ms: 400 invalid_grant',
    );
    const [ofCode] = checkHistory([redeemed(20, REFUSED)], [BEGUN]);
    expect(ofCode?.found).toBe('family 0: redeem at a, 20.0-30.0 ms: 400 invalid_grant');
    const [ofToken] = checkHistory([...EXCHANGES, introspected(false, 300)], EVENTS);
    expect(ofToken?.found).toBe(
      'family 0: introspect of generation 3 at b, 300.0-310.0 ms: 200 active: false',
    );
  });
});

describe('answers while the database is away', () => {
  const answered = (changed: Partial<Exchange>): Exchange =>
    refreshed(0, { startedAt: 0, endedAt: 100, ...changed });
  const kindsOf = (exchange: Exchange) => checkAnswers([exchange], 100).map(({ kind }) => kind);

  it('are 503 with the time after which it is worth trying again, or whatever else is right', () => {
    expect(kindsOf(answered({ status: 503, retryAfter: 1 }))).toEqual([]);
    expect(kindsOf(answered({ status: 200 }))).toEqual([]);
    expect(kindsOf(answered({ status: 400 }))).toEqual([]);
  });

  it.each<[string, string, Partial<Exchange>]>([
    ['none', 'not_answered', { status: undefined }],
    ['one that comes late', 'not_answered', { endedAt: 101 }],
    ['one that says nothing of another time', 'failed_otherwise', { status: 503 }],
    ['one of another failure', 'failed_otherwise', { status: 500, retryAfter: 1 }],
  ])('are found where there is %s', (_name, kind, changed) => {
    expect(kindsOf(answered(changed))).toEqual([kind]);
  });
});
