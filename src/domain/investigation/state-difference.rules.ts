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

/** Follows a stream, oldest event first, and tells how its state changed since some event. */
export class DifferenceCourse {
  private first: State;
  private state: State;
  private readonly steps: Step[] = [];
  private stepsOmitted = 0;

  constructor(private readonly kind: StreamKind) {}

  /** Takes an event up to the first of the two moments. */
  before(event: RecordedEvent): void {
    this.state = stateAfter(this.kind, this.state, event);
    this.first = this.state;
  }

  /** Takes an event after it. */
  after(event: RecordedEvent): void {
    const { position, type, recordedAt } = event;
    const before = this.state;
    this.state = stateAfter(this.kind, before, event);
    if (this.steps.length === STEPS_MAX) this.stepsOmitted += 1;
    else {
      const changes = changesBetween(before, this.state);
      this.steps.push({ position, type, at: recordedAt, changes });
    }
  }

  /** How the state changed. */
  result(): StateDifference {
    const { first, state, steps, stepsOmitted } = this;
    return { steps, stepsOmitted, net: changesBetween(first, state) };
  }
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
