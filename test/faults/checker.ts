import { type Exchange, groupBy, isRefreshed, isRevoked, type LedgerEvent } from './history.js';

/** What a history must never show. */
export type ViolationKind =
  /** A client was told of something that the ledger does not have. */
  | 'acknowledged_lost'
  /** A refresh token was answered with different successors. */
  | 'two_successors'
  /** A refresh token was worth something although its successor's successor was in use. */
  | 'two_live_generations'
  /** A refresh began after a revocation was acknowledged, and succeeded. */
  | 'alive_after_revocation'
  /** A client that did nothing wrong was refused. */
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
  liveGenerationsOf,
  revivedOf,
  refusedOf,
];

/** The stream of a family, by the access tokens that it was answered with. */
function streamOf(family: readonly Exchange[], streams: Streams): readonly LedgerEvent[] {
  const id = family.find(isRefreshed)?.tokenId?.split('.')[0];
  return streams.get(`family:${id}`) ?? [];
}

function lostOf(family: readonly Exchange[], streams: Streams): Violation[] {
  const stream = streamOf(family, streams);
  const rotated = new Set(rotationsIn(stream).map(({ data }) => data.presentedGeneration));
  const sequences = new Set(stream.map(({ data }) => sequenceOf(data)));
  const isEnded = stream.some(({ type }) => type === 'FamilyRevoked');
  const isKept = (exchange: Exchange): boolean => {
    if (isRevoked(exchange)) return isEnded;
    if (!isRefreshed(exchange)) return true;
    const sequence = Number(exchange.tokenId?.split('.')[1]);
    return rotated.has(exchange.generation) && sequences.has(sequence);
  };
  const isAnywhere = family.some(isRefreshed);
  return family
    .filter((exchange) => isAnywhere && !isKept(exchange))
    .map((exchange) => violation('acknowledged_lost', exchange));
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

/** Whoever used a successor ended what came before its predecessor. */
function liveGenerationsOf(family: readonly Exchange[]): Violation[] {
  const refreshed = family.filter(isRefreshed);
  return refreshed.flatMap((late) => {
    const newer = refreshed.find(
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
    .filter((exchange) => isRefreshed(exchange) && exchange.startedAt > revoked.endedAt)
    .map((exchange) => ({
      kind: 'alive_after_revocation',
      found: `${textOf(revoked)}; then ${textOf(exchange)}`,
    }));
}

/** A cause is a revocation, or a successor that was used: either was on its way before the refusal. */
function refusedOf(family: readonly Exchange[]): Violation[] {
  const isCauseOf = (refused: Exchange, other: Exchange): boolean =>
    other.startedAt < refused.endedAt &&
    (other.operation === 'revoke' || other.generation > refused.generation);
  return family
    .filter(({ status = 0 }) => status >= 400 && status < 500)
    .filter((refused) => !family.some((other) => isCauseOf(refused, other)))
    .map((refused) => violation('refused_without_cause', refused));
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
  const { successor, error } = exchange;
  const times = `${startedAt.toFixed(1)}-${endedAt.toFixed(1)} ms`;
  const answer = [status, successor?.slice(0, 8), tokenId, error].filter(Boolean).join(' ');
  return `family ${family}: ${operation} of generation ${generation} at ${node}, ${times}: ${answer}`;
}

function nameOf({ position, streamId, streamVersion, type }: LedgerEvent): string {
  return `${type} at ${position}, version ${streamVersion} of ${streamId}`;
}
