import { BoundedMap } from '../../config/bounded-map.js';
import type { Envelope } from '../../domain/envelope.js';
import type { Position, StreamKind } from '../../domain/identifiers.js';
import { type FoldedStream, foldStoredEvent } from '../verification/folded-stream.js';
import type { StreamReads } from './seal-store.port.js';
import type { StoredEvent, StoredStream } from '../verification/ledger.source.js';
import type { CheckedEvent } from '../verification/stored-event.check.js';
import { checkStoredStream } from '../verification/stored-stream.check.js';

/** So many streams are kept as they were folded last, about 3 kB each. */
const STREAMS_MAX = 4096;
/** So many events are folded at most after one seal. */
const EVENTS_MAX = 4000;

/** What came of folding streams again. */
export interface Refolded {
  /** Streams whose row is not what their events make. */
  readonly differing: readonly { readonly streamId: string; readonly problem: string }[];
  /** How many streams had too long a history to be folded now. */
  readonly uncheckedCount: number;
}

/**
 * Folds the streams that were touched once more, from their events, and compares them with their rows:
 * an edited state shows as soon as its stream goes on. Streams that were folded lately are gone on
 * with; others are folded from their first event, as far as a bound on events allows.
 */
export class StreamRefold {
  private readonly folded = new BoundedMap<string, FoldedStream>(STREAMS_MAX);

  constructor(
    private readonly reads: StreamReads,
    private readonly eventsMax = EVENTS_MAX,
  ) {}

  /** Checks the streams that events of these positions belong to. */
  check(from: Position, to: Position): Refolded {
    const differing: Refolded['differing'][number][] = [];
    let uncheckedCount = 0;
    let left = this.eventsMax;
    for (const { streamId, lastPosition } of this.reads.touched(from, to)) {
      const differs = (problem: string | undefined): void => {
        if (problem !== undefined) differing.push({ streamId, problem });
      };
      const stored = this.reads.stream(streamId);
      if (stored === undefined || stored.lastPosition < lastPosition) {
        differs(stored === undefined ? 'the stream has no row' : 'the row is behind its events');
        continue;
      }
      const kept = this.folded.get(streamId);
      const events = this.eventsSince(kept, stored.lastPosition, left);
      left -= events?.length ?? 0;
      if (events === undefined) uncheckedCount += 1;
      else differs(this.fold(kept, stored, events));
    }
    return { differing, uncheckedCount };
  }

  /** The events of a stream after what was folded, oldest first; undefined: more than a bound. */
  private eventsSince(
    kept: FoldedStream | undefined,
    last: Position,
    eventsMax: number,
  ): StoredEvent[] | undefined {
    const events: StoredEvent[] = [];
    const end = kept?.lastPosition ?? -1;
    let position: Position | null = last;
    while (position !== null && position > end) {
      if (events.length === eventsMax) return undefined;
      const event = this.reads.event(position);
      // The fold says what is wrong with a chain that leads nowhere.
      if (event === undefined) break;
      events.push(event);
      // A chain that goes forwards would never end.
      position = (event.previousPosition ?? -1) < position ? event.previousPosition : null;
    }
    return events.toReversed();
  }

  /** What is wrong with a stream; when nothing is, it is kept as it was folded. */
  private fold(
    kept: FoldedStream | undefined,
    stored: StoredStream,
    events: readonly StoredEvent[],
  ): string | undefined {
    const { streamId } = stored;
    const folded = new Map(kept === undefined ? [] : [[streamId, kept] as const]);
    for (const event of events) {
      if (event.streamId !== streamId) return `position ${event.position} is not its own`;
      const read = readEvent(event);
      const problem =
        read === undefined ? 'a body cannot be read' : foldStoredEvent(folded, event, read);
      if (problem !== undefined) return problem;
    }
    const now = folded.get(streamId);
    const problem = checkStoredStream(stored, now);
    if (problem === undefined && now !== undefined) this.folded.set(streamId, now);
    return problem;
  }
}

/** What the fold needs of an event; its digest says whether the body is the one that was appended. */
function readEvent({ streamId, body }: StoredEvent): CheckedEvent | undefined {
  try {
    const { data, ...envelope } = JSON.parse(body) as Envelope & Pick<CheckedEvent, 'data'>;
    const kind = streamId.slice(0, streamId.indexOf(':')) as StreamKind;
    return { kind, envelope, data };
  } catch {
    return undefined;
  }
}
