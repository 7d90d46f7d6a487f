import { canonicalJson, type JsonValue } from '../canonical-json.js';
import type { Folded } from '../directory/directory.evolve.js';
import type { RecordedEvent } from '../envelope.js';
import type { Instant, Position, StreamKind } from '../identifiers.js';
import { evolve, type StateOf } from '../streams.js';

/** A member of a state that differs between two moments; absent: there was none, or is none. */
export interface Change {
  /** JSON pointer (RFC 6901) into the state. */
  readonly path: string;
  readonly before?: JsonValue;
  readonly after?: JsonValue;
}

/** What one event did to the state of its stream. */
export interface Step {
  readonly position: Position;
  readonly type: string;
  readonly at: Instant;
  readonly changes: readonly Change[];
}

/** How the state of a stream differs between two moments, step by step and in all. */
export interface StateDifference {
  /** At most `STEPS_MAX`, the oldest. */
  readonly steps: readonly Step[];
  /** How many further events there were; what they did is in `net` alone. */
  readonly stepsOmitted: number;
  readonly net: readonly Change[];
}

/** How many events a difference tells one by one. */
export const STEPS_MAX = 500;

/**
 * The state that these events fold to: all of one stream up to some moment, oldest first; undefined
 * when there are none. Throws an Error when they are not the history of such a stream.
 */
export function stateAt<Kind extends StreamKind>(
  kind: Kind,
  events: readonly RecordedEvent[],
): StateOf<Kind> | undefined {
  return events.reduce<StateOf<Kind> | undefined>(
    (state, event) => stateAfter(kind, state, event),
    undefined,
  );
}

/** The state of a stream after one more of its events. Throws an Error when it cannot follow. */
export function stateAfter<Kind extends StreamKind>(
  kind: Kind,
  state: StateOf<Kind> | undefined,
  event: RecordedEvent,
): StateOf<Kind> {
  const { type, data, recordedAt, streamId } = event;
  const id = streamId.slice(kind.length + 1);
  return evolve(kind, state, { type, data, recordedAt, id } as unknown as Folded<Kind>);
}

/**
 * How the state of a stream changed between two moments: `upTo` are all its events up to the first,
 * `between` those after it up to the second, oldest first.
 */
export function differenceBetween(
  kind: StreamKind,
  upTo: readonly RecordedEvent[],
  between: readonly RecordedEvent[],
): StateDifference {
  const first = stateAt(kind, upTo);
  const steps: Step[] = [];
  let state = first;
  for (const event of between) {
    const before = state;
    state = stateAfter(kind, before, event);
    if (steps.length === STEPS_MAX) continue;
    const { position, type, recordedAt } = event;
    steps.push({ position, type, at: recordedAt, changes: changesBetween(before, state) });
  }
  return { steps, stepsOmitted: between.length - steps.length, net: changesBetween(first, state) };
}

type State = StateOf<StreamKind> | undefined;

/** The members that differ, in order of their paths. Lists are told as a whole: most of them shift. */
function changesBetween(before: State, after: State): readonly Change[] {
  if (before === after) return [];
  return changesBelow('', membersOf(before), membersOf(after));
}

type Members = Readonly<Record<string, JsonValue>>;

/** A state as it is stored: a fold in memory can have members that are undefined. */
function membersOf(state: State): Members {
  return JSON.parse(canonicalJson((state ?? {}) as unknown as JsonValue)) as Members;
}

function changesBelow(pointer: string, before: Members, after: Members): readonly Change[] {
  const [old, current] = [new Map(Object.entries(before)), new Map(Object.entries(after))];
  const names = [...new Set([...old.keys(), ...current.keys()])].sort();
  return names.flatMap((name) => {
    const path = `${pointer}/${name.replaceAll('~', '~0').replaceAll('/', '~1')}`;
    return changesAt(path, old.get(name), current.get(name));
  });
}

function changesAt(
  path: string,
  before: JsonValue | undefined,
  after: JsonValue | undefined,
): readonly Change[] {
  if (before === undefined || after === undefined) {
    const gone = before === undefined ? {} : { before };
    const added = after === undefined ? {} : { after };
    return [{ path, ...gone, ...added }];
  }
  if (isObject(before) && isObject(after)) return changesBelow(path, before, after);
  return canonicalJson(before) === canonicalJson(after) ? [] : [{ path, before, after }];
}

function isObject(value: JsonValue): value is Members {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
