import type { RecordedEvent } from '../envelope.js';
import type { Position, StreamKind } from '../identifiers.js';
import type { StateOf } from '../streams.js';
import { stateAfter } from './state-difference.rules.js';

/** What is watched for while the events of a stream pass, by name. */
export type Watches<Kind extends StreamKind, Name extends string> = Readonly<
  Record<Name, (state: StateOf<Kind>) => boolean>
>;

/** A stream up to some moment, as far as a question depends on it: it does not grow with the stream. */
export interface Course<Kind extends StreamKind, Name extends string> {
  /** undefined: it had not begun. */
  readonly state: StateOf<Kind> | undefined;
  /** Of its first event; none: it had not begun. */
  readonly began: readonly Position[];
  /** Of the event since which each has held without interruption; none: it does not hold. */
  readonly since: Readonly<Record<Name, readonly Position[]>>;
}

/** A stream that has not begun. */
export function courseBefore<Kind extends StreamKind, Name extends string>(
  watches: Watches<Kind, Name>,
): Course<Kind, Name> {
  const since = Object.fromEntries(Object.keys(watches).map((name) => [name, []]));
  return { state: undefined, began: [], since: since as unknown as Course<Kind, Name>['since'] };
}

/** A stream after one more of its events. Throws an Error when it cannot follow. */
export function courseAfter<Kind extends StreamKind, Name extends string>(
  kind: Kind,
  watches: Watches<Kind, Name>,
  course: Course<Kind, Name>,
  event: RecordedEvent,
): Course<Kind, Name> {
  const state = stateAfter(kind, course.state, event);
  const since: Record<Name, readonly Position[]> = { ...course.since };
  for (const name of Object.keys(watches) as Name[]) {
    since[name] = watches[name](state) ? orHere(course.since[name], event) : [];
  }
  return { state, began: orHere(course.began, event), since };
}

function orHere(place: readonly Position[], { position }: RecordedEvent): readonly Position[] {
  return place.length === 0 ? [position] : place;
}
