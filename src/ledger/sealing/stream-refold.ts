import { BoundedMap } from '../../config/bounded-map.js';
import type { Envelope } from '../../domain/envelope.js';
import type { Position, StreamKind } from '../../domain/identifiers.js';
import {
  type FoldableEvent,
  type FoldedStream,
  foldStoredEvent,
} from '../verification/folded-stream.js';
import type { StreamReads } from './seal-store.port.js';
import type { StoredEvent, StoredStream } from '../verification/ledger.source.js';
import type { ReadEvent } from '../verification/stored-event.check.js';
import { checkStoredStream } from '../verification/stored-stream.check.js';

/** So many streams are kept as they were folded last, about 3 kB each. */
const STREAMS_MAX = 4096;
/** So many events are read again at most for one comparison. */
const EARLIER_EVENTS_MAX = 4000;
/** So many rows are read at once. */
const STREAMS_READ_MAX = 500;

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
  /** The streams that events were taken of since they were compared, and the last of those. */
  private touched = new Map<string, Position>();
  /** Of all events that were taken. */
  private lastPosition: Position = -1;

  constructor(
    private readonly reads: StreamReads,
    private readonly earlierEventsMax = EARLIER_EVENTS_MAX,
  ) {}

  /** Takes an event, the next of the log, with what its body says if that can be read. */
  take(event: FoldableEvent, read: ReadEvent | undefined): void {
    const { streamId, position, previousPosition } = event;
    this.touched.set(streamId, position);
    this.lastPosition = position;
    const isNext = (this.folded.get(streamId)?.lastPosition ?? null) === previousPosition;
    // What does not follow is found out from its first event, when the stream is compared.
    if (!isNext || read === undefined) return;
    if (foldStoredEvent(this.folded, event, read) !== undefined) this.folded.delete(streamId);
  }

  /** Forgets how streams were folded: their events may have been others. */
  forget(): void {
    this.folded.clear();
  }

  /** Compares the streams of the events that were taken with their rows. */
  async check(): Promise<Refolded> {
    const streams = [...this.touched];
    this.touched = new Map();
    const check: Checking = { differing: [], uncheckedCount: 0, left: this.earlierEventsMax };
    for (let at = 0; at < streams.length; at += STREAMS_READ_MAX) {
      await this.compare(new Map(streams.slice(at, at + STREAMS_READ_MAX)), check);
    }
    const { differing, uncheckedCount } = check;
    return { differing, uncheckedCount };
  }

  private async compare(streams: ReadonlyMap<string, Position>, check: Checking): Promise<void> {
    const rows = await this.reads.streams([...streams.keys()]);
    for (const [streamId, lastPosition] of streams) {
      const differs = (problem: string | undefined): void => {
        if (problem !== undefined) check.differing.push({ streamId, problem });
      };
      const stored = rows.get(streamId);
      if (stored === undefined || stored.lastPosition < lastPosition) {
        differs(stored === undefined ? 'the stream has no row' : 'the row is behind its events');
        continue;
      }
      // One that has gone on meanwhile is compared the next time.
      if (this.touched.has(streamId)) continue;
      const kept = this.folded.get(streamId);
      const since = await this.eventsSince(kept, lastPosition, check.left);
      check.left -= since?.length ?? 0;
      if (since === undefined) check.uncheckedCount += 1;
      else if (!this.touched.has(streamId)) differs(this.fold(kept, stored, since));
    }
  }

  /**
   * The events of a stream after what was folded, oldest first; undefined: more than a bound.
   */
  private async eventsSince(
    kept: FoldedStream | undefined,
    last: Position,
    readMax: number,
  ): Promise<readonly StoredEvent[] | undefined> {
    const events: StoredEvent[] = [];
    const end = kept?.lastPosition ?? -1;
    let position: Position | null = last;
    while (position !== null && position > end) {
      if (events.length === readMax) return undefined;
      const event = await this.eventAt(position);
      // The fold says what is wrong with a chain that leads nowhere.
      if (event === undefined) break;
      events.push(event);
      // A chain that goes forwards would never end.
      position = (event.previousPosition ?? -1) < position ? event.previousPosition : null;
    }
    return events.toReversed();
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
    // A row that is further is compared when the events are taken that brought it there.
    const isFurther =
      stored.lastPosition > this.lastPosition && stored.version > (now?.version ?? 0);
    const problem = isFurther ? undefined : checkStoredStream(stored, now);
    if (problem === undefined && now !== undefined) this.folded.set(streamId, now);
    return problem;
  }
}

/** What a check has found so far, and how many events it may still read. */
interface Checking {
  readonly differing: Refolded['differing'][number][];
  uncheckedCount: number;
  left: number;
}

/** What the fold needs of an event; its digest says whether the body is the one that was appended. */
export function readEvent({ streamId, body }: StoredEvent): ReadEvent | undefined {
  try {
    const envelope = JSON.parse(body) as Envelope & Pick<ReadEvent, 'data'>;
    return { kind: kindOf(streamId), envelope, data: envelope.data };
  } catch {
    return undefined;
  }
}

/** The kind that a stream's id names. */
export function kindOf(streamId: string): StreamKind {
  return streamId.slice(0, streamId.indexOf(':')) as StreamKind;
}
