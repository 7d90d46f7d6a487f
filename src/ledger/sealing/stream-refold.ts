import { BoundedMap } from '../../config/bounded-map.js';
import type { Envelope } from '../../domain/envelope.js';
import type { Position, StreamKind } from '../../domain/identifiers.js';
import { type FoldedStream, foldStoredEvent } from '../verification/folded-stream.js';
import type { StreamReads } from './seal-store.port.js';
import type { StoredEvent, StoredStream } from '../verification/ledger.source.js';
import type { ReadEvent } from '../verification/stored-event.check.js';
import { checkStoredStream } from '../verification/stored-stream.check.js';

/** So many streams are kept as they were folded last, about 3 kB each. */
const STREAMS_MAX = 4096;
/** So many events from before the seal are folded at most after it. */
const EARLIER_EVENTS_MAX = 4000;

/** What came of folding streams again. */
export interface Refolded {
  /** Streams whose row is not what their events make. */
  readonly differing: readonly { readonly streamId: string; readonly problem: string }[];
  /** How many streams had too long a history to be folded now. */
  readonly uncheckedCount: number;
}

/**
 * Folds the streams that were touched once more, from their events, and compares them with their rows:
 * an edited state shows when its stream has gone on. Streams that were folded lately are gone on
 * with; others are folded from their first event, as far as a bound on events allows.
 */
export class StreamRefold {
  private readonly folded = new BoundedMap<string, FoldedStream>(STREAMS_MAX);

  constructor(
    private readonly reads: StreamReads,
    private readonly earlierEventsMax = EARLIER_EVENTS_MAX,
  ) {}

  /** Checks the streams that events belong to: some that follow each other, in the order of the log. */
  async check(sealed: readonly StoredEvent[]): Promise<Refolded> {
    const differing: Refolded['differing'][number][] = [];
    let uncheckedCount = 0;
    let left = this.earlierEventsMax;
    const touched = lastPositions(sealed);
    const sealedEnd = sealed.at(-1)?.position ?? -1;
    const rows = await this.reads.streams([...touched.keys()]);
    const known = new Map(sealed.map((event) => [event.position, event]));
    for (const [streamId, lastPosition] of touched) {
      const differs = (problem: string | undefined): void => {
        if (problem !== undefined) differing.push({ streamId, problem });
      };
      const stored = rows.get(streamId);
      if (stored === undefined || stored.lastPosition < lastPosition) {
        differs(stored === undefined ? 'the stream has no row' : 'the row is behind its events');
        continue;
      }
      const kept = this.folded.get(streamId);
      const since = await this.eventsSince(kept, lastPosition, known, left);
      left -= since?.readCount ?? 0;
      if (since === undefined) uncheckedCount += 1;
      else differs(this.fold(kept, stored, since.events, sealedEnd));
    }
    return { differing, uncheckedCount };
  }

  /**
   * The events of a stream after what was folded, oldest first, and how many of them had to be read
   * one by one; undefined: more than a bound.
   */
  private async eventsSince(
    kept: FoldedStream | undefined,
    last: Position,
    known: ReadonlyMap<Position, StoredEvent>,
    readMax: number,
  ): Promise<EventsRead | undefined> {
    const events: StoredEvent[] = [];
    const end = kept?.lastPosition ?? -1;
    let readCount = 0;
    let position: Position | null = last;
    while (position !== null && position > end) {
      let event = known.get(position);
      if (event === undefined) {
        if (readCount === readMax) return undefined;
        readCount += 1;
        event = await this.eventAt(position);
      }
      // The fold says what is wrong with a chain that leads nowhere.
      if (event === undefined) break;
      events.push(event);
      // A chain that goes forwards would never end.
      position = (event.previousPosition ?? -1) < position ? event.previousPosition : null;
    }
    return { events: events.toReversed(), readCount };
  }

  private async eventAt(position: Position): Promise<StoredEvent | undefined> {
    const [event] = await this.reads.events(position, 1);
    return event?.position === position ? event : undefined;
  }

  /** What is wrong with a stream as far as it was sealed; when nothing is, it is kept as it was folded. */
  private fold(
    kept: FoldedStream | undefined,
    stored: StoredStream,
    events: readonly StoredEvent[],
    sealedEnd: Position,
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
    // A row that is further is compared when the events are sealed that brought it there.
    const isFurther = stored.lastPosition > sealedEnd && stored.version > (now?.version ?? 0);
    const problem = isFurther ? undefined : checkStoredStream(stored, now);
    if (problem === undefined && now !== undefined) this.folded.set(streamId, now);
    return problem;
  }
}

interface EventsRead {
  readonly events: readonly StoredEvent[];
  readonly readCount: number;
}

/** The streams that events belong to, and the last of those. */
function lastPositions(events: Iterable<StoredEvent>): ReadonlyMap<string, Position> {
  const last = new Map<string, Position>();
  for (const { streamId, position } of events) last.set(streamId, position);
  return last;
}

/** What the fold needs of an event; its digest says whether the body is the one that was appended. */
function readEvent({ streamId, body }: StoredEvent): ReadEvent | undefined {
  try {
    const envelope = JSON.parse(body) as Envelope & Pick<ReadEvent, 'data'>;
    const kind = streamId.slice(0, streamId.indexOf(':')) as StreamKind;
    return { kind, envelope, data: envelope.data };
  } catch {
    return undefined;
  }
}
