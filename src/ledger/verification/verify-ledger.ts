import { setImmediate as nextTurn } from 'node:timers/promises';
import { canonicalJson, type JsonValue } from '../../domain/canonical-json.js';
import type { Folded } from '../../domain/directory/directory.evolve.js';
import type { Position, StreamKind } from '../../domain/identifiers.js';
import { evolve, ownersOf, type StateOf } from '../../domain/streams.js';
import type { LedgerSource, StoredEvent, StoredStream } from './ledger.source.js';
import { type CheckedEvent, checkStoredEvent } from './stored-event.check.js';

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
  /** The first problems, at most 20. */
  readonly problems: readonly VerificationProblem[];
}

/** How far a verification has come; `total` may grow while a server writes. */
export type VerificationProgress = (done: number, total: number) => void;

/** So many streams are folded at once; a larger ledger is read several times. */
const STREAMS_AT_ONCE = 100_000;
const PROBLEMS_MAX = 20;

interface FoldedStream {
  version: number;
  lastPosition: Position;
  project: string;
  state: StateOf<StreamKind> | undefined;
}

/**
 * Verifies a whole ledger: positions dense, bodies canonical and of the catalogue's shape, stream
 * versions and `previous_position` chains whole, origins as committed to, and every stored state
 * equal to the fold of its events. Memory is bounded; a server may write meanwhile.
 */
export async function verifyLedger(
  source: LedgerSource,
  onProgress: VerificationProgress = () => undefined,
): Promise<VerificationReport> {
  const counts = source.counts();
  const verification = new LedgerVerification(source, counts, onProgress);
  for (const problem of source.damage())
    verification.report({ problem: `the database: ${problem}` });
  const partitions = Math.max(1, Math.ceil(counts.streams / STREAMS_AT_ONCE));
  for (let partition = 0; partition < partitions && !verification.isFull; partition += 1) {
    await verification.run(partition, partitions);
  }
  return { ok: verification.problems.length === 0, ...counts, problems: verification.problems };
}

class LedgerVerification {
  readonly problems: VerificationProblem[] = [];
  private done = 0;

  constructor(
    private readonly source: LedgerSource,
    private readonly counts: { readonly events: number; readonly streams: number },
    private readonly onProgress: VerificationProgress,
  ) {}

  get isFull(): boolean {
    return this.problems.length >= PROBLEMS_MAX;
  }

  report(problem: VerificationProblem): void {
    if (!this.isFull) this.problems.push(problem);
  }

  /** Checks every event in the first round, and in each round the streams of one partition. */
  async run(partition: number, partitions: number): Promise<void> {
    const folded = new Map<string, FoldedStream>();
    const belongs = (streamId: string): boolean =>
      partitions === 1 || partitionOf(streamId, partitions) === partition;
    let expected = { position: 0, appendedAtMin: 0 };
    while (expected.position < this.counts.events && !this.isFull) {
      const page = this.source.events(expected.position - 1);
      if (page.length === 0)
        this.report({ position: expected.position, problem: 'events are missing' });
      if (page.length === 0) break;
      for (const stored of page) {
        if (partition === 0 || belongs(stored.streamId)) {
          this.take(stored, expected, folded, belongs(stored.streamId));
        }
        expected = { position: stored.position + 1, appendedAtMin: stored.appendedAt };
      }
      this.done += page.length;
      this.onProgress(this.done, this.counts.events * partitions);
      await nextTurn();
    }
    if (!this.isFull) await this.compare(folded, belongs);
  }

  private take(
    stored: StoredEvent,
    expected: { position: Position; appendedAtMin: number },
    folded: Map<string, FoldedStream>,
    belongs: boolean,
  ): void {
    const checked = checkStoredEvent(stored, expected);
    const { position, streamId } = stored;
    if ('problem' in checked) {
      this.report({ position: expected.position, streamId, problem: checked.problem });
      return;
    }
    if (!belongs) return;
    const problem = fold(folded, stored, checked);
    if (problem !== undefined) this.report({ position, streamId, problem });
  }

  /** Compares the folded streams with the stored ones, each way. */
  private async compare(
    folded: Map<string, FoldedStream>,
    belongs: (streamId: string) => boolean,
  ): Promise<void> {
    let after = '';
    while (!this.isFull) {
      const page = this.source.streams(after);
      const eventsNow = this.source.counts().events;
      for (const stored of page) {
        after = stored.streamId;
        if (!belongs(stored.streamId)) continue;
        const problem =
          stored.lastPosition < this.counts.events
            ? differs(stored, folded.get(stored.streamId))
            : isAhead(stored, eventsNow);
        if (problem !== undefined) this.report({ streamId: stored.streamId, problem });
        folded.delete(stored.streamId);
      }
      if (page.length === 0) break;
      await nextTurn();
    }
    for (const streamId of folded.keys())
      this.report({ streamId, problem: 'the stream has no state' });
  }
}

function fold(
  folded: Map<string, FoldedStream>,
  stored: StoredEvent,
  { kind, envelope, data }: CheckedEvent,
): string | undefined {
  const before = folded.get(stored.streamId);
  if (stored.streamVersion !== (before?.version ?? 0) + 1) {
    return `stream version ${(before?.version ?? 0) + 1} is missing`;
  }
  if (stored.previousPosition !== (before?.lastPosition ?? null)) {
    return 'previous_position does not name the event before it';
  }
  const event = {
    type: stored.type,
    data,
    recordedAt: envelope.recordedAt,
    id: stored.streamId.slice(kind.length + 1),
  } as unknown as Folded<StreamKind>;
  try {
    folded.set(stored.streamId, {
      version: stored.streamVersion,
      lastPosition: stored.position,
      project: envelope.project,
      state: evolve(kind, before?.state, event),
    });
    return undefined;
  } catch (error) {
    return `the history is impossible: ${(error as Error).message}`;
  }
}

/** A stream that went on after the count was taken is compared by the next verification. */
function isAhead(stored: StoredStream, eventsNow: number): string | undefined {
  return stored.lastPosition < eventsNow ? undefined : 'the state is ahead of the events';
}

function differs(stored: StoredStream, folded: FoldedStream | undefined): string | undefined {
  if (folded?.state === undefined) return 'the stream has a state but no events';
  if (stored.version !== folded.version) return 'the version is not that of its last event';
  if (stored.lastPosition !== folded.lastPosition) return 'last_position is not its last event';
  const owners = ownersOf(folded.state);
  if (stored.subjectId !== owners.subjectId || stored.clientId !== owners.clientId) {
    return 'subject or client is not that of its events';
  }
  if (stored.project !== folded.project) return 'project is not that of its events';
  return canonicalState(stored.state) === canonicalState(JSON.stringify(folded.state))
    ? undefined
    : 'the state is not the fold of its events';
}

function canonicalState(text: string): string | undefined {
  try {
    return canonicalJson(JSON.parse(text) as JsonValue);
  } catch {
    return undefined;
  }
}

function partitionOf(streamId: string, partitions: number): number {
  let hash = 0;
  for (let index = 0; index < streamId.length; index += 1) {
    hash = (Math.imul(hash, 31) + streamId.charCodeAt(index)) | 0;
  }
  return Math.abs(hash) % partitions;
}
