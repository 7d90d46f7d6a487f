import {
  type Exchange,
  groupBy,
  isGranted,
  isRedeemed,
  isRefreshed,
  isRevoked,
  isTaken,
  type LedgerEvent,
  NO_GENERATION,
} from './history.js';

/** What a history must never show. */
export type ViolationKind =
  /** A client was told of something that the ledger does not have. */
  | 'acknowledged_lost'
  /** A refresh token was answered with different successors, or a code with tokens twice. */
  | 'two_successors'
  /** A refresh token was worth something although its successor's successor was in use. */
  | 'two_live_generations'
  /** After a revocation was acknowledged, a token of the family was still worth something. */
  | 'alive_after_revocation'
  /** A client that did nothing wrong was refused, or its family ended. */
  | 'refused_without_cause'
  /** The generations of a family do not follow each other in the ledger. */
  | 'generations_broken'
  /** The ledger itself suspected that it had lost something. */
  | 'rollback_suspected'
  /** Positions of the log or versions of a stream have a gap, or stand twice. */
  | 'not_dense'
  /** A node that lives gave no answer, or gave it too late. */
  | 'not_answered'
  /** A node failed otherwise than with 503 and the time after which it is worth trying again. */
  | 'failed_otherwise';

/** One violation, with what it was found in. */
export interface Violation {
  readonly kind: ViolationKind;
  readonly found: string;
}

/** Finds everything in a history, and in the ledger after it, that must never be. */
export function checkHistory(
  exchanges: readonly Exchange[],
  events: readonly LedgerEvent[],
): Violation[] {
  const streams = groupBy(events, ({ streamId }) => streamId);
  const families = [...groupBy(exchanges, ({ family }) => family).values()];
  return [
    ...families.flatMap((family) => FAMILY_RULES.flatMap((rule) => rule(family, streams))),
    ...exchanges.filter(isTaken).flatMap((taken) => lostTokenOf(taken, streams)),
    ...[...streams.values()].flatMap(generationsOf),
    ...suspectedOf(events),
    ...gapsOf(events, streams),
  ];
}

/** Finds what nodes that live must never do, whatever their database does; a bound in milliseconds. */
export function checkAnswers(exchanges: readonly Exchange[], bound: number): Violation[] {
  const isLate = ({ status, startedAt, endedAt }: Exchange): boolean =>
    status === undefined || endedAt - startedAt > bound;
  const isOther = ({ status = 0, retryAfter = 0 }: Exchange): boolean =>
    status >= 500 && !(status === 503 && retryAfter > 0);
  return [
    ...exchanges.filter(isLate).map((exchange) => violation('not_answered', exchange)),
    ...exchanges.filter(isOther).map((exchange) => violation('failed_otherwise', exchange)),
  ];
}

function violation(kind: ViolationKind, exchange: Exchange): Violation {
  return { kind, found: textOf(exchange) };
}

type Streams = ReadonlyMap<string, readonly LedgerEvent[]>;

/** What holds for what the clients of one family saw. */
const FAMILY_RULES: readonly ((family: readonly Exchange[], streams: Streams) => Violation[])[] = [
  lostOf,
  successorsOf,
  redeemedTwiceOf,
  liveGenerationsOf,
  revivedOf,
  refusedOf,
  worthlessOf,
  endedOf,
];

function streamOf(family: readonly Exchange[], streams: Streams): readonly LedgerEvent[] {
  return streams.get(`family:${family[0]?.familyId}`) ?? [];
}

function lostOf(family: readonly Exchange[], streams: Streams): Violation[] {
  const stream = streamOf(family, streams);
  const rotated = new Set(rotationsIn(stream).map(({ data }) => data.presentedGeneration));
  const sequences = new Set(stream.map(({ data }) => sequenceOf(data)));
  const isEnded = has(stream, 'FamilyRevoked');
  const isBegun = has(stream, 'GrantRedeemed');
  const isKept = (exchange: Exchange): boolean => {
    if (isRevoked(exchange)) return isEnded;
    if (!isGranted(exchange)) return true;
    const isUsed = isRedeemed(exchange) ? isBegun : rotated.has(exchange.generation);
    return isUsed && sequences.has(partsOf(exchange).sequence);
  };
  return family
    .filter((exchange) => !isKept(exchange))
    .map((exchange) => violation('acknowledged_lost', exchange));
}

/** A token that a client took for itself has a stream of its own, with nothing else. */
function lostTokenOf(taken: Exchange, streams: Streams): Violation[] {
  const { id, sequence } = partsOf(taken);
  const issued = (streams.get(`client_token:${id}`) ?? []).filter(
    ({ type }) => type === 'ClientTokenIssued',
  );
  const isKept = issued.length === 1 && issued.every(({ data }) => sequenceOf(data) === sequence);
  return isKept ? [] : [violation('acknowledged_lost', taken)];
}

/** Whose an access token is, and which one. */
function partsOf({ tokenId = '' }: Exchange): { readonly id: string; readonly sequence: number } {
  const [id = '', sequence] = tokenId.split('.');
  return { id, sequence: Number(sequence) };
}

function has(stream: readonly LedgerEvent[], wanted: string): boolean {
  return stream.some(({ type }) => type === wanted);
}

function sequenceOf(data: LedgerEvent['data']): unknown {
  return (data.token as { readonly sequence?: unknown } | undefined)?.sequence;
}

function successorsOf(family: readonly Exchange[]): Violation[] {
  const presented = groupBy(family.filter(isRefreshed), ({ generation }) => generation);
  return [...presented.values()]
    .filter((answers) => new Set(answers.map(({ successor }) => successor)).size > 1)
    .map((answers) => ({ kind: 'two_successors', found: answers.map(textOf).join('; ') }));
}

function redeemedTwiceOf(family: readonly Exchange[]): Violation[] {
  const redeemed = family.filter(isRedeemed);
  if (redeemed.length < 2) return [];
  return [{ kind: 'two_successors', found: redeemed.map(textOf).join('; ') }];
}

/** Whoever used a successor ended what came before its predecessor. */
function liveGenerationsOf(family: readonly Exchange[]): Violation[] {
  const granted = family.filter(isGranted);
  return granted.flatMap((late) => {
    const newer = granted.find(
      (early) => early.generation > late.generation && early.endedAt < late.startedAt,
    );
    if (newer === undefined) return [];
    return [{ kind: 'two_live_generations', found: `${textOf(newer)}; then ${textOf(late)}` }];
  });
}

function revivedOf(family: readonly Exchange[]): Violation[] {
  const [revoked] = family.filter(isRevoked).toSorted((a, b) => a.endedAt - b.endedAt);
  if (revoked === undefined) return [];
  return family
    .filter((exchange) => isGranted(exchange) || exchange.isActive === true)
    .filter((exchange) => exchange.startedAt > revoked.endedAt)
    .map((exchange) => ({
      kind: 'alive_after_revocation',
      found: `${textOf(revoked)}; then ${textOf(exchange)}`,
    }));
}

function refusedOf(family: readonly Exchange[], streams: Streams): Violation[] {
  const stream = streamOf(family, streams);
  return family
    .filter(({ status = 0 }) => status >= 400 && status < 500)
    .filter((refused) => !hasCause(refused, family, stream))
    .map((refused) => violation('refused_without_cause', refused));
}

/** A cause was on its way before the refusal. */
function hasCause(
  refused: Exchange,
  family: readonly Exchange[],
  stream: readonly LedgerEvent[],
): boolean {
  const before = family.filter(({ startedAt }) => startedAt < refused.endedAt);
  switch (refused.operation) {
    case 'redeem':
      // An earlier attempt that was not answered may have redeemed it: then the ledger says so.
      return mayHaveEnded(before) && has(stream, 'GrantRedeemed');
    case 'refresh':
      return (
        mayHaveEnded(before) ||
        before.some(
          ({ operation, generation }) => operation === 'refresh' && generation > refused.generation,
        )
      );
    case 'revoke':
    case 'introspect':
    case 'take':
      return false;
  }
}

/** What ends a family is a revocation, or a code that is presented again. */
function mayHaveEnded(before: readonly Exchange[]): boolean {
  const isRevoking = before.some(({ operation }) => operation === 'revoke');
  return isRevoking || before.filter(({ operation }) => operation === 'redeem').length > 1;
}

/** An access token that is worth nothing is as good as refused. */
function worthlessOf(family: readonly Exchange[]): Violation[] {
  return family
    .filter(({ isActive }) => isActive === false)
    .filter(({ endedAt }) => !mayHaveEnded(family.filter(({ startedAt }) => startedAt < endedAt)))
    .map((exchange) => violation('refused_without_cause', exchange));
}

/** What ended a family is found in the ledger even where its client was told nothing more. */
function endedOf(family: readonly Exchange[], streams: Streams): Violation[] {
  if (mayHaveEnded(family)) return [];
  return streamOf(family, streams)
    .filter(({ type }) => type === 'FamilyRevoked')
    .map((event) => ({ kind: 'refused_without_cause', found: nameOf(event) }));
}

function rotationsIn(stream: readonly LedgerEvent[]): readonly LedgerEvent[] {
  return stream.filter(({ type }) => type === 'RefreshTokenRotated');
}

function generationsOf(stream: readonly LedgerEvent[]): Violation[] {
  return rotationsIn(stream)
    .filter(
      ({ data }, index) => data.presentedGeneration !== index || data.generation !== index + 1,
    )
    .map((event) => ({ kind: 'generations_broken', found: nameOf(event) }));
}

function suspectedOf(events: readonly LedgerEvent[]): Violation[] {
  return events
    .filter(({ type }) => type === 'LedgerRollbackSuspected')
    .map((event) => ({ kind: 'rollback_suspected', found: nameOf(event) }));
}

function gapsOf(events: readonly LedgerEvent[], streams: Streams): Violation[] {
  const misplaced = events.filter(({ position }, index) => position !== index);
  const misnumbered = [...streams.values()].flatMap((stream) =>
    stream.filter(({ streamVersion }, index) => streamVersion !== index + 1),
  );
  return [...misplaced, ...misnumbered].map((event) => ({
    kind: 'not_dense',
    found: nameOf(event),
  }));
}

function textOf(exchange: Exchange): string {
  const { family, operation, generation, node, startedAt, endedAt, status, tokenId } = exchange;
  const { successor, isActive, error } = exchange;
  const times = `${startedAt.toFixed(1)}-${endedAt.toFixed(1)} ms`;
  const worth = isActive === undefined ? undefined : `active: ${isActive}`;
  const answer = [status, successor?.slice(0, 8), tokenId, worth, error].filter(Boolean).join(' ');
  const what =
    generation === NO_GENERATION ? operation : `${operation} of generation ${generation}`;
  return `family ${family}: ${what} at ${node}, ${times}: ${answer}`;
}

function nameOf({ position, streamId, streamVersion, type }: LedgerEvent): string {
  return `${type} at ${position}, version ${streamVersion} of ${streamId}`;
}
