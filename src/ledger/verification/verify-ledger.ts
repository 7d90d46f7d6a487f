import { setImmediate as nextTurn } from 'node:timers/promises';
import type { Instant, Position } from '../../domain/identifiers.js';
import { LedgerCorrupted } from '../ledger.errors.js';
import { type FoldedStream, foldStoredEvent } from './folded-stream.js';
import type { LedgerSource, StoredEvent, StoredKey, StoredStream } from './ledger.source.js';
import { checkStoredEvent } from './stored-event.check.js';
import { FoldedKeys } from './stored-key.check.js';
import { checkStoredStream } from './stored-stream.check.js';

/** One thing that is wrong, and where. */
export interface VerificationProblem {
  readonly position?: Position;
  readonly streamId?: string;
  readonly problem: string;
}

/** What a verification found. `ok` only when nothing at all is wrong. */
export interface VerificationReport {
  readonly ok: boolean;
  readonly events: number;
  readonly streams: number;
  /** The first problems, at most 20; one for a stream. */
  readonly problems: readonly VerificationProblem[];
}

/** How far a verification has come; `total` may grow while a server writes. */
export type VerificationProgress = (done: number, total: number) => void;

/** So many streams are folded at once; a larger ledger is read several times. */
const STREAMS_AT_ONCE = 100_000;
const PROBLEMS_MAX = 20;

/**
 * Verifies a whole ledger: positions dense, bodies canonical and of the catalogue's shape, stream
 * versions and `previous_position` chains whole, origins as committed to, every stored digest and
 * state equal to the fold of its events, and every unique key one that a state holds. Memory is
 * bounded; a server may write meanwhile, and what it adds is left to the next verification.
 */
export async function verifyLedger(
  source: LedgerSource,
  onProgress: VerificationProgress = () => undefined,
  streamsAtOnce: number = STREAMS_AT_ONCE,
): Promise<VerificationReport> {
  const counts = { events: 0, streams: 0 };
  const problems: VerificationProblem[] = [];
  try {
    Object.assign(counts, source.counts());
    const verification = new LedgerVerification(source, counts.events, problems, onProgress);
    for (const problem of source.damage()) verification.report({ problem });
    await verification.run(Math.max(1, Math.ceil(counts.streams / streamsAtOnce)));
  } catch (error) {
    if (!(error instanceof LedgerCorrupted)) throw error;
    problems.push({ problem: error.message });
  }
  return { ok: problems.length === 0, ...counts, problems };
}

class LedgerVerification {
  /** Streams with a problem: whatever else is wrong with them follows from it. */
  private readonly faulty = new Set<string>();
  private done = 0;

  constructor(
    private readonly source: LedgerSource,
    private readonly events: number,
    private readonly problems: VerificationProblem[],
    private readonly onProgress: VerificationProgress,
  ) {}

  report(problem: VerificationProblem): void {
    if (problem.streamId !== undefined) {
      if (this.faulty.has(problem.streamId)) return;
      this.faulty.add(problem.streamId);
    }
    if (!this.isFull) this.problems.push(problem);
  }

  /** Folds the streams of one partition after the other, each from all events. */
  async run(partitions: number): Promise<void> {
    for (let partition = 0; partition < partitions && !this.isFull; partition += 1) {
      const folded = new Map<string, FoldedStream>();
      const belongs = (streamId: string): boolean =>
        partitions === 1 || partitionOf(streamId, partitions) === partition;
      await this.readEvents(folded, belongs, partition === 0, this.events * partitions);
      if (!this.isFull) await this.compareKeys(new FoldedKeys(folded), belongs);
      if (!this.isFull) await this.compareStreams(folded, belongs);
    }
  }

  private get isFull(): boolean {
    return this.problems.length >= PROBLEMS_MAX;
  }

  /** Checks every event in the first round, and in each round those of its partition. */
  private async readEvents(
    folded: Map<string, FoldedStream>,
    belongs: (streamId: string) => boolean,
    isFirstRound: boolean,
    total: number,
  ): Promise<void> {
    let last = { position: -1, appendedAt: 0 };
    let page = this.source.events(last.position);
    while (last.position < this.events - 1 && !this.isFull) {
      if (page.length === 0)
        this.report({ position: last.position + 1, problem: 'events are missing' });
      if (page.length === 0) return;
      for (const stored of page) {
        if (isFirstRound && stored.position !== last.position + 1) {
          this.report({ position: last.position + 1, problem: 'events are missing' });
        }
        const isOfPartition = belongs(stored.streamId);
        if (isFirstRound || isOfPartition) {
          this.take(stored, last.appendedAt, isOfPartition ? folded : undefined);
        }
        last = stored;
      }
      this.done += page.length;
      this.onProgress(this.done, Math.max(this.done, total));
      await nextTurn();
      page = this.source.events(last.position);
    }
  }

  private take(
    stored: StoredEvent,
    appendedAtBefore: Instant,
    folded: Map<string, FoldedStream> | undefined,
  ): void {
    const { position, streamId } = stored;
    const checked = checkStoredEvent(stored, appendedAtBefore);
    const problem =
      'problem' in checked
        ? checked.problem
        : folded !== undefined && !this.faulty.has(streamId)
          ? foldStoredEvent(folded, stored, checked)
          : undefined;
    if (problem !== undefined) this.report({ position, streamId, problem });
  }

  /** Compares the unique keys of folded streams with the stored ones, each way. */
  private async compareKeys(
    keys: FoldedKeys,
    belongs: (streamId: string) => boolean,
  ): Promise<void> {
    let last: StoredKey | undefined;
    let page = this.source.keys(last);
    while (page.length > 0 && !this.isFull) {
      for (const stored of page) {
        const hasGrown = (stored.lastPosition ?? -1) >= this.events;
        const concerns = (streamId: string): boolean => !hasGrown && belongs(streamId);
        for (const problem of keys.check(stored, concerns)) this.report(problem);
      }
      await nextTurn();
      const end = page.at(-1);
      // A key that is no text comes back for ever: it was just reported.
      if (JSON.stringify(end) === JSON.stringify(last)) break;
      last = end;
      page = this.source.keys(last);
    }
    if (this.isFull) return;
    for (const problem of keys.rest()) this.report(problem);
  }

  /** Compares the folded streams with the stored ones, each way. */
  private async compareStreams(
    folded: Map<string, FoldedStream>,
    belongs: (streamId: string) => boolean,
  ): Promise<void> {
    let after = '';
    let page = this.source.streams(after);
    while (page.length > 0 && !this.isFull) {
      for (const stored of page) {
        const { streamId } = stored;
        if (!belongs(streamId)) continue;
        const problem =
          stored.lastPosition < this.events
            ? checkStoredStream(stored, folded.get(streamId))
            : this.checkGrownStream(stored);
        if (problem !== undefined) this.report({ streamId, problem });
        folded.delete(streamId);
      }
      await nextTurn();
      const last = page.at(-1)?.streamId ?? after;
      // An id that is no text comes back for ever: it was just reported.
      if (last === after) break;
      after = last;
      page = this.source.streams(after);
    }
    if (this.isFull) return;
    for (const streamId of folded.keys())
      this.report({ streamId, problem: 'the stream has no row' });
  }

  /** A stream that went on since the events were counted: its last event must be there at least. */
  private checkGrownStream(stored: StoredStream): string | undefined {
    const [event] = this.source.events(stored.lastPosition - 1, 1);
    const isLast =
      event?.position === stored.lastPosition &&
      event.streamId === stored.streamId &&
      event.streamVersion === stored.version;
    return isLast ? undefined : 'the state is ahead of the events';
  }
}

function partitionOf(streamId: string, partitions: number): number {
  let hash = 0;
  for (let index = 0; index < streamId.length; index += 1) {
    hash = (Math.imul(hash, 31) + streamId.charCodeAt(index)) | 0;
  }
  return Math.abs(hash) % partitions;
}
