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
import { EventOrderCheck } from './event-order.check.js';
import { RANGE_EVENTS } from './sealed-range.js';
import { SealedLeaves } from './sealed-leaves.js';
import { type CheckedEvent, checkStoredEvent, differenceIn } from './stored-event.check.js';
import { FoldedKeys } from './stored-key.check.js';
import { checkStoredStream, DIGEST_DIFFERS } from './stored-stream.check.js';
import type { ProblemList, VerificationProblem } from './verification-problems.js';
import { wholeTiles } from './whole-tiles.js';

/** One part of all streams, to be folded from their events below a position. */
export interface StreamTask {
  readonly kind: 'streams';
  readonly part: StreamPartition;
  readonly events: Position;
  /** How many of them the newest checkpoint covers. */
  readonly sealed: number;
}

/** Where what is found is told. */
export interface StreamProblems {
  readonly problems: ProblemList;
  /** Of the order of events, whatever stream they are of. */
  readonly disorder: ProblemList;
}

/**
 * Pages are small, so that what is made of one is garbage before it was copied: of the events that a
 * part reads in turn with the others, so many for each of them, and at most so many.
 */
const PAGE_ROWS_OF_PART = 500;
const PAGE_ROWS_MAX = 8000;

/**
 * Checks every event of one part of the streams, folds them, and compares what is stored of those
 * streams with that. Of the pages of events it looks at the order in some: all parts together in each.
 */
export class StreamVerification {
  private readonly folded = new Map<string, FoldedStream>();
  private readonly problems: ProblemList;
  private readonly leaves: SealedLeaves;
  private readonly order: EventOrderCheck;
  /** Further differing hashes up to this position are not told of. */
  private differsUpTo: Position = -1;

  constructor(
    private readonly source: LedgerSource,
    private readonly task: StreamTask,
    { problems, disorder }: StreamProblems,
    private readonly onEvents: (events: number) => void,
  ) {
    this.problems = problems;
    this.leaves = new SealedLeaves(wholeTiles(source), task.sealed);
    this.order = new EventOrderCheck(source, (problem) => disorder.add(problem));
  }

  async run(): Promise<void> {
    await this.readEvents();
    if (!this.problems.isFull) await this.compareKeys();
    if (!this.problems.isFull) await this.compareStreams();
  }

  private async readEvents(): Promise<void> {
    const { part, events } = this.task;
    const rows = Math.min(PAGE_ROWS_OF_PART * part.count, PAGE_ROWS_MAX);
    let from = await this.source.positionFrom(0);
    for (let page = 0; from !== undefined && from < events && !this.problems.isFull; page += 1) {
      const upTo = Math.min(from + rows, events) - 1;
      const ours = await this.source.events(from - 1, upTo, part);
      await this.leaves.load(from, upTo);
      for (const stored of ours) {
        this.compareLeaf(stored);
        const late = this.take(stored);
        // Hardly ever: nothing is waited for event by event.
        if (late !== undefined) await this.takeLate(stored, late);
      }
      // While the database has the page at hand.
      if (page % part.count === part.index) await this.order.check(from, upTo);
      this.onEvents(ours.length);
      await nextTurn();
      // After a gap, however large, with the next event that there is.
      from = await this.source.positionFrom(upTo + 1);
    }
  }

  /** Tells of the first hash in a range that is not the one that was sealed. */
  private compareLeaf({ position, body }: StoredEvent): void {
    const problem = this.leaves.fault(position, body);
    if (problem === undefined || position <= this.differsUpTo) return;
    this.differsUpTo = position - (position % RANGE_EVENTS) + RANGE_EVENTS - 1;
    this.problems.add({ position, problem, evidence: 'leaf' });
  }

  /** Checks and folds an event; one that was appended later than it was recorded is only checked. */
  private take(stored: StoredEvent): CheckedEvent | undefined {
    if (this.problems.isFaulty(stored.streamId)) return undefined;
    const checked = checkStoredEvent(stored);
    if (!('problem' in checked) && checked.isLate) return checked;
    this.fold(stored, checked);
    return undefined;
  }

  private async takeLate(stored: StoredEvent, checked: CheckedEvent): Promise<void> {
    const [, before] = (await this.source.sequenceBefore(stored.position)) ?? [];
    const isLatest = before === stored.appendedAt;
    this.fold(stored, isLatest ? checked : { problem: differenceIn('appended_at') });
  }

  private fold(stored: StoredEvent, checked: ReturnType<typeof checkStoredEvent>): void {
    const { position, streamId } = stored;
    const problem =
      'problem' in checked ? checked.problem : foldStoredEvent(this.folded, stored, checked);
    if (problem !== undefined) this.problems.add({ position, streamId, problem });
  }

  /** Compares the unique keys of folded streams with the stored ones, each way. */
  private async compareKeys(): Promise<void> {
    const { part, events } = this.task;
    const keys = new FoldedKeys(this.folded);
    let last: StoredKey | undefined;
    let page = await this.source.keys(last, part);
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
      page = await this.source.keys(last, part);
    }
    if (this.problems.isFull) return;
    for (const problem of keys.rest()) this.problems.add(problem);
  }

  /** Compares the folded streams with the stored ones, each way. */
  private async compareStreams(): Promise<void> {
    const { part } = this.task;
    let after = '';
    let page = await this.source.streams(after, part);
    while (page.length > 0 && !this.problems.isFull) {
      for (const stored of page) await this.compareStream(stored);
      await nextTurn();
      const last = page.at(-1)?.streamId ?? after;
      // An id that is no text comes back for ever: it was just reported.
      if (last === after) break;
      after = last;
      page = await this.source.streams(after, part);
    }
    if (this.problems.isFull) return;
    for (const streamId of this.folded.keys()) {
      this.problems.add({ streamId, problem: 'the stream has no row' });
    }
  }

  private async compareStream(stored: StoredStream): Promise<void> {
    const { streamId, logId = 0 } = stored;
    const hasGrown = logId === 0 && stored.lastPosition >= this.task.events;
    const problem = hasGrown ? await this.checkGrownStream(stored) : this.differenceOf(stored);
    if (problem !== undefined) this.problems.add({ streamId, ...problem });
    this.folded.delete(streamId);
  }

  private differenceOf(stored: StoredStream): VerificationProblem | undefined {
    const problem = checkStoredStream(stored, this.folded.get(stored.streamId));
    if (problem !== DIGEST_DIFFERS) return problem === undefined ? undefined : { problem };
    return { problem, evidence: 'digest', positionMax: stored.lastPosition };
  }

  /** A stream that went on since the events were counted: its last event must be there at least. */
  private async checkGrownStream({
    streamId,
    version,
    lastPosition,
  }: StoredStream): Promise<VerificationProblem | undefined> {
    const event = await this.source.event(lastPosition);
    if (event?.streamId === streamId && event.streamVersion === version) return undefined;
    const { events } = await this.source.counts();
    // Where the end of the log was cut off, the first event that is missing stood right after it.
    return {
      position: Math.min(events, lastPosition),
      problem: 'the state is ahead of the events',
    };
  }
}
