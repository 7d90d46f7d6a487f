import type { Position } from '../../domain/identifiers.js';
import { HASH_BYTES, leafHash } from '../../tlog/merkle-tree.js';
import type { FedEvent } from '../ledger-feed.port.js';
import type { FoldableEvent } from '../verification/folded-stream.js';
import type { ReadEvent } from '../verification/stored-event.check.js';
import type { StreamReads } from './seal-store.port.js';
import { kindOf, readEvent, type StreamRefold } from './stream-refold.js';

/** A store reads at most so many events at once. */
const PAGE_ROWS = 1000;
/** So many hashes are kept at most, 1 MB; what follows them is read when it is sealed. */
const HASHES_MAX = 32_768;

/**
 * The events after those that were sealed, as far as they were read: the hash of each, and its stream
 * folded on. What somebody else on the thread has read is taken from there and not read again.
 */
export class UnsealedEvents {
  private first: Position = 0;
  /** How many events were read. Their hashes lie one after the other: each by itself would be garbage. */
  private count = 0;
  private readonly kept = Buffer.allocUnsafe(HASHES_MAX * HASH_BYTES);

  constructor(
    private readonly reads: StreamReads,
    private readonly refold: StreamRefold,
  ) {}

  /** The position after the last one. */
  private get end(): Position {
    return this.first + this.count;
  }

  /** Takes those of some events, in order, that come next here. */
  take(events: readonly FedEvent[]): void {
    for (const { event, body } of events) {
      const { position, streamId } = event;
      if (this.count === HASHES_MAX || position > this.end) return;
      // A body may be anything: what is wrong with one is told when it is sealed.
      if (position < this.end || typeof streamId !== 'string') continue;
      const { streamVersion, previousPosition, type, data } = event;
      const placed = { position, streamId, streamVersion, previousPosition, type, body };
      this.add(placed, { kind: kindOf(streamId), envelope: event, data });
    }
  }

  /**
   * The hashes of the events from a position to below another one, at most 16,384 after it; those that
   * are missing are read.
   */
  async hashes(from: Position, to: Position): Promise<Buffer> {
    if (this.first !== from || !(await this.isStillThere())) {
      this.first = from;
      this.count = 0;
    }
    let isMore = true;
    while (isMore && this.end < to) {
      const { end } = this;
      for (const stored of await this.reads.events(end, Math.min(PAGE_ROWS, to - end))) {
        // Others may have been taken meanwhile.
        if (stored.position === this.end) this.add(stored, readEvent(stored));
      }
      isMore = this.end > end;
    }
    return Buffer.from(this.kept.subarray(0, Math.min(this.count, to - from) * HASH_BYTES));
  }

  /** Lets go of what is below a position. */
  sealed(below: Position): void {
    this.kept.copyWithin(0, (below - this.first) * HASH_BYTES, this.count * HASH_BYTES);
    this.count -= below - this.first;
    this.first = below;
  }

  private add(event: FoldableEvent, read: ReadEvent | undefined): void {
    leafHash(event.body).copy(this.kept, this.count * HASH_BYTES);
    this.count += 1;
    this.refold.take(event, read);
  }

  /** Whether the last event that was taken is the one that is stored: an old copy may have been put back. */
  private async isStillThere(): Promise<boolean> {
    if (this.count === 0) return true;
    const position = this.end - 1;
    const at = (this.count - 1) * HASH_BYTES;
    const last = Buffer.from(this.kept.subarray(at, at + HASH_BYTES));
    const [stored] = await this.reads.events(position, 1);
    const isSame = stored?.position === position && leafHash(stored.body).equals(last);
    if (!isSame) this.refold.forget();
    return isSame;
  }
}
