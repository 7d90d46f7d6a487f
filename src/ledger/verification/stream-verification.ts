import { setImmediate as nextTurn } from 'node:timers/promises';
import type { Position } from '../../domain/identifiers.js';
import { type FoldedStream, foldStoredEvent } from './folded-stream.js';
import type {
  LedgerSource,
  StoredEvent,
  StoredKey,
  StoredStream,
  StreamPartition,
} from './ledger.source.js';
import { checkStoredEvent } from './stored-event.check.js';
import { FoldedKeys } from './stored-key.check.js';
import { checkStoredStream } from './stored-stream.check.js';
import { ProblemList } from './verification-problems.js';

/** One part of all streams, to be folded from their events below a position. */
export interface StreamTask {
  readonly kind: 'streams';
  readonly part: StreamPartition;
  readonly events: Position;
}

/**
 * Pages are small, so that what is made of one is garbage before it was copied: of the events that a
 * part reads in turn with the others, so many for each of them, and at most so many.
 */
const PAGE_ROWS_OF_PART = 250;
const PAGE_ROWS_MAX = 4000;

/**
 * Checks every event of one part of the streams, folds them, and compares what is stored of those
 * streams with that.
 */
export class StreamVerification {
  readonly problems = new ProblemList();
  private readonly folded = new Map<string, FoldedStream>();

  constructor(
    private readonly source: LedgerSource,
    private readonly task: StreamTask,
    private readonly onEvents: (events: number) => void,
  ) {}

  async run(): Promise<void> {
    await this.readEvents();
    if (!this.problems.isFull) await this.compareKeys();
    if (!this.problems.isFull) await this.compareStreams();
  }

  private async readEvents(): Promise<void> {
    const { part, events } = this.task;
    const rows = Math.min(PAGE_ROWS_OF_PART * part.count, PAGE_ROWS_MAX);
    let after: Position = -1;
    while (after < events - 1 && !this.problems.isFull) {
      const end = Math.min(this.source.pageEnd(after, rows) ?? events - 1, events - 1);
      const page = this.source.events(after, end, part);
      for (const stored of page) this.take(stored);
      after = end;
      this.onEvents(page.length);
      await nextTurn();
    }
  }

  private take(stored: StoredEvent): void {
    const { position, streamId } = stored;
    if (this.problems.isFaulty(streamId)) return;
    const checked = checkStoredEvent(stored, (before) => this.source.appendedAtBefore(before));
    const problem =
      'problem' in checked ? checked.problem : foldStoredEvent(this.folded, stored, checked);
    if (problem !== undefined) this.problems.add({ position, streamId, problem });
  }

  /** Compares the unique keys of folded streams with the stored ones, each way. */
  private async compareKeys(): Promise<void> {
    const { part, events } = this.task;
    const keys = new FoldedKeys(this.folded);
    let last: StoredKey | undefined;
    let page = this.source.keys(last, part);
    while (page.length > 0 && !this.problems.isFull) {
      for (const stored of page) {
        const hasGrown = (stored.lastPosition ?? -1) >= events;
        const isOurs = stored.isOfPart === 1 && !hasGrown;
        for (const problem of keys.check(stored, isOurs)) this.problems.add(problem);
      }
      await nextTurn();
      const end = page.at(-1);
      // A key that is no text comes back for ever: it was just reported.
      if (JSON.stringify(end) === JSON.stringify(last)) break;
      last = end;
      page = this.source.keys(last, part);
    }
    if (this.problems.isFull) return;
    for (const problem of keys.rest()) this.problems.add(problem);
  }

  /** Compares the folded streams with the stored ones, each way. */
  private async compareStreams(): Promise<void> {
    const { part } = this.task;
    let after = '';
    let page = this.source.streams(after, part);
    while (page.length > 0 && !this.problems.isFull) {
      for (const stored of page) this.compareStream(stored);
      await nextTurn();
      const last = page.at(-1)?.streamId ?? after;
      // An id that is no text comes back for ever: it was just reported.
      if (last === after) break;
      after = last;
      page = this.source.streams(after, part);
    }
    if (this.problems.isFull) return;
    for (const streamId of this.folded.keys()) {
      this.problems.add({ streamId, problem: 'the stream has no row' });
    }
  }

  private compareStream(stored: StoredStream): void {
    const { streamId } = stored;
    const problem =
      stored.lastPosition < this.task.events
        ? checkStoredStream(stored, this.folded.get(streamId))
        : this.checkGrownStream(stored);
    if (problem !== undefined) this.problems.add({ streamId, problem });
    this.folded.delete(streamId);
  }

  /** A stream that went on since the events were counted: its last event must be there at least. */
  private checkGrownStream(stored: StoredStream): string | undefined {
    const event = this.source.event(stored.lastPosition);
    const isLast = event?.streamId === stored.streamId && event.streamVersion === stored.version;
    return isLast ? undefined : 'the state is ahead of the events';
  }
}
