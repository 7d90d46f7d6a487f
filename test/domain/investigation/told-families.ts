import { canonicalJson } from '../../../src/domain/canonical-json.js';
import type { Origin, RecordedEvent } from '../../../src/domain/envelope.js';
import {
  DEFAULT_PROJECT,
  type Instant,
  type Position,
  streamIdOf,
  type StreamKind,
} from '../../../src/domain/identifiers.js';
import type { EventWithOrigin } from '../../../src/domain/investigation/family-record.rules.js';
import {
  DifferenceCourse,
  stateAfter,
  type StateDifference,
} from '../../../src/domain/investigation/state-difference.rules.js';
import type { StateOf } from '../../../src/domain/streams.js';
import type { FamilyContext } from '../../../src/domain/token-family/family.decision.js';
import {
  evolveFamily,
  type RecordedFamilyEvent,
} from '../../../src/domain/token-family/family.evolve.js';
import type { FamilyState } from '../../../src/domain/token-family/family.state.js';
import { isOtherParty } from '../../../src/domain/token-family/other-party.rules.js';
import type { FamilyCommand } from '../../support/domain-family-commands.js';
import { contextOf, FAMILY_ID } from '../../support/domain-world.js';
import { recorded } from '../../support/given-when-then.js';

/** Where the requests of these tests come from. */
export const HOME = originOf('192.0.2.10', 'PhotoApp/1.0');
export const HOME_NEXT_DOOR = originOf('192.0.2.77', 'PhotoApp/1.0');
export const HOME_UPDATED = originOf('192.0.2.10', 'PhotoApp/1.1');
export const MOBILE = originOf('198.51.100.7', 'PhotoApp/1.0');
export const ELSEWHERE = originOf('203.0.113.66', 'curl/8.9');

/** An origin, or that there was one which was erased, or that there never was one. */
export type TestOrigin = Origin | 'erased' | 'none';

function originOf(address: string, userAgent: string): Origin {
  return { address, userAgent, requestId: 'request-1' };
}

/** The position of the first event of a told family; each further one stands two after it. */
export const FIRST_POSITION = 100;

/** The position of the event of this index in a told family. */
export function place(index: number): Position {
  return FIRST_POSITION + 2 * index;
}

/** An event as the ledger gives it back: its data have been through canonical JSON. */
export function ledgerEvent(
  kind: StreamKind,
  id: string,
  { type, data, recordedAt }: { type: string; data: object; recordedAt: Instant },
  index: number,
  overrides: Partial<RecordedEvent> = {},
): RecordedEvent {
  return {
    id: `event-${index}`,
    type,
    version: 1,
    streamId: streamIdOf(kind, id),
    streamVersion: index + 1,
    project: DEFAULT_PROJECT,
    correlationId: `request-${index}`,
    actor: 'client:photo-app',
    recordedAt,
    data: JSON.parse(canonicalJson(data as never)) as RecordedEvent['data'],
    position: place(index),
    previousPosition: index === 0 ? null : place(index - 1),
    appendedAt: recordedAt,
    ...overrides,
  };
}

/** Events of one stream as the ledger gives them back, oldest first, from this index on. */
export function ledgerEvents(
  kind: StreamKind,
  id: string,
  events: readonly { type: string; data: object; recordedAt: Instant }[],
  from = 0,
): RecordedEvent[] {
  return events.map((event, index) => ledgerEvent(kind, id, event, from + index));
}

/** The state that the events of a stream fold to, oldest first. */
export function stateAt<Kind extends StreamKind>(
  kind: Kind,
  events: readonly RecordedEvent[],
): StateOf<Kind> | undefined {
  return events.reduce<StateOf<Kind> | undefined>(
    (state, event) => stateAfter(kind, state, event),
    undefined,
  );
}

/** How the state of a stream changed by the events after the first of its events. */
export function differenceBetween(
  kind: StreamKind,
  upTo: readonly RecordedEvent[],
  between: readonly RecordedEvent[],
): StateDifference {
  const course = new DifferenceCourse(kind);
  for (const event of upTo) course.before(event);
  for (const event of between) course.after(event);
  return course.result();
}

/** A family that is told event by event, each with its origin. */
export interface ToldFamily {
  readonly events: readonly EventWithOrigin[];
  /** More that was recorded of it. */
  and(origin: TestOrigin, ...events: readonly RecordedFamilyEvent[]): ToldFamily;
  /** Something is asked of it from there, and decided as the service does. */
  when(
    command: FamilyCommand<unknown>,
    request: Partial<FamilyContext> & { readonly receivedAt: Instant; readonly from?: TestOrigin },
  ): ToldFamily;
}

/** A family with this history, all of it from one origin. */
export function told(origin: TestOrigin, ...events: readonly RecordedFamilyEvent[]): ToldFamily {
  return toldFamily([]).and(origin, ...events);
}

function toldFamily(events: readonly EventWithOrigin[]): ToldFamily {
  const and: ToldFamily['and'] = (origin, ...more) =>
    toldFamily([
      ...events,
      ...more.map((event, index) => withOrigin(event, events.length + index, origin)),
    ]);
  return {
    events,
    and,
    when(command, { from = HOME, ...circumstances }) {
      const recordedAt = Math.max(circumstances.receivedAt, lastRecordedAt(events));
      const context = contextOf(
        command.caller,
        { receivedAt: circumstances.receivedAt, recordedAt },
        { isOtherParty: () => isFromOtherParty(events, from), ...circumstances },
      );
      const decision = command.decide(fold(events), context);
      return and(from, ...recorded(decision, recordedAt));
    },
  };
}

function withOrigin(
  event: RecordedFamilyEvent,
  index: number,
  origin: TestOrigin,
): EventWithOrigin {
  const commitment = origin === 'none' ? {} : { originCommitment: `commitment-${index}` };
  return {
    event: ledgerEvent('family', FAMILY_ID, event, index, commitment),
    origin: typeof origin === 'string' ? undefined : origin,
  };
}

function fold(events: readonly EventWithOrigin[]): FamilyState | undefined {
  return events.reduce<FamilyState | undefined>(
    (state, { event }) => evolveFamily(state, event as unknown as RecordedFamilyEvent),
    undefined,
  );
}

function lastRecordedAt(events: readonly EventWithOrigin[]): Instant {
  return events.at(-1)?.event.recordedAt ?? 0;
}

function isFromOtherParty(events: readonly EventWithOrigin[], from: TestOrigin): boolean {
  const rotation = events.findLast(({ event }) => event.type === 'RefreshTokenRotated');
  if (rotation?.origin === undefined || typeof from === 'string') return false;
  return isOtherParty(rotation.origin, from);
}
