import { stat } from 'node:fs/promises';
import type Database from 'better-sqlite3';
import type { Origin, RecordedEvent } from '../../domain/envelope.js';
import {
  type Instant,
  type Position,
  type StreamId,
  streamIdOf,
  type StreamKind,
  type Subject,
} from '../../domain/identifiers.js';
import type { StateOf } from '../../domain/streams.js';
import type { AnyExecution, AppendPlan } from '../append-plan.js';
import type { AskedRead } from '../asked-read.js';
import { GroupCommit } from '../group-commit.js';
import { type LedgerObserver, tellObserver } from '../ledger-observer.js';
import {
  LedgerCorrupted,
  LedgerError,
  type LedgerErrorCode,
  LedgerUnavailable,
} from '../ledger.errors.js';
import {
  type EventEvidence,
  type EventPage,
  type Execution,
  Ledger,
  type StateReader,
  type StreamRow,
} from '../ledger.port.js';
import { FlushTurn } from './flush-turn.js';
import { type LedgerStatements, prepareLedgerStatements } from './ledger-statements.js';
import { OriginErasure } from './origin-erasure.js';
import { ledgerErrorOf } from './sqlite-errors.js';
import { SqliteEventReader } from './sqlite-event.reader.js';
import { SqliteStateReader } from './sqlite-state.reader.js';

interface Waiting {
  readonly execution: AnyExecution;
  /** By the process's monotonic clock, in milliseconds. */
  readonly waitingSince: number;
  readonly resolve: (outcome: never) => void;
  readonly reject: (error: unknown) => void;
}

/** What a ledger on SQLite needs besides its handle. */
export interface SqliteLedgerOptions {
  readonly file: string;
  readonly clock?: (() => Instant) | undefined;
  readonly observer?: LedgerObserver | undefined;
  /** How long decisions wait while another process holds the file, in milliseconds. */
  readonly lockPatience?: number | undefined;
  /** Called after each commit with the number of events that it wrote. */
  readonly afterCommit?: ((events: number) => void) | undefined;
  /** Called when no more commits can come, before the handle is closed. */
  readonly onClose?: (() => Promise<void>) | undefined;
  /** Called when the handle is closed. */
  readonly onClosed?: (() => void) | undefined;
}

/** How long a server's decisions wait while another process holds the file, in milliseconds. */
const LOCK_PATIENCE = 2000;

/**
 * The ledger on one SQLite file. A flush is one synchronous turn of the thread that owns the handle:
 * begin, load, decide, append, one durable commit (WAL, synchronous=FULL), answer.
 */
export class SqliteLedger extends Ledger {
  private readonly statements: LedgerStatements;
  private readonly states: SqliteStateReader;
  private readonly events: SqliteEventReader;
  private readonly erasure: OriginErasure;
  private readonly queue: GroupCommit<Waiting>;
  private readonly clock: () => Instant;
  /** What was asked in this turn of the event loop. */
  private asked: AskedRead[] = [];
  private closing: Promise<void> | undefined;

  constructor(
    private readonly handle: Database.Database,
    private readonly options: SqliteLedgerOptions,
  ) {
    super();
    this.statements = prepareLedgerStatements(handle);
    this.states = new SqliteStateReader(this.statements);
    this.events = new SqliteEventReader(this.statements);
    this.erasure = new OriginErasure(handle, this.statements, options.file);
    this.queue = new GroupCommit((batch) => this.flush(batch));
    this.clock = options.clock ?? Date.now;
  }

  /** How many decisions wait for a commit. */
  get waiting(): number {
    return this.queue.size;
  }

  execute<Kind extends StreamKind, Outcome>(execution: Execution<Kind, Outcome>): Promise<Outcome> {
    return new Promise<Outcome>((resolve, reject) => {
      this.queue.submit({ execution, waitingSince: performance.now(), resolve, reject });
    });
  }

  load<Kind extends StreamKind>(kind: Kind, id: string): Promise<StateOf<Kind> | undefined> {
    return this.read((reader) => reader.find(kind, id));
  }

  /** Whatever is asked in one turn of the event loop is answered from one snapshot, taken after it. */
  read<Result>(query: (reader: StateReader) => Result): Promise<Result> {
    return new Promise<Result>((resolve, reject) => {
      if (this.asked.push({ query, resolve, reject }) === 1) setImmediate(() => this.answerReads());
    });
  }

  eventsAfter(after: Position | null, limit: number): Promise<EventPage> {
    return this.snapshot(() => this.events.eventsAfter(after, limit));
  }

  streamEvents(streamId: StreamId, before: Position | null, limit: number): Promise<EventPage> {
    return this.snapshot(() => this.events.streamEvents(streamId, before, limit));
  }

  streamRow<Kind extends StreamKind>(kind: Kind, id: string): Promise<StreamRow<Kind> | undefined> {
    return this.snapshot(() => this.events.streamRow<Kind>(streamIdOf(kind, id)));
  }

  streamsOfKind<Kind extends StreamKind>(
    kind: Kind,
    before: StreamId | null,
    limit: number,
  ): Promise<readonly StreamRow<Kind>[]> {
    return this.snapshot(() => this.events.streamsOfKind(kind, before, limit));
  }

  eventsAt(positions: readonly Position[]): Promise<readonly RecordedEvent[]> {
    return this.snapshot(() => this.events.eventsAt(positions));
  }

  origins(positions: readonly Position[]): Promise<ReadonlyMap<Position, Origin>> {
    return this.snapshot(() => this.events.origins(positions));
  }

  streamsOwnedBy(
    subject: Subject,
    after: StreamId | null,
  ): Promise<{ streamIds: readonly StreamId[]; next: StreamId | null }> {
    return this.snapshot(() => this.events.streamsOwnedBy(subject, after));
  }

  evidenceAt(positions: readonly Position[]): Promise<readonly EventEvidence[]> {
    return this.snapshot(() => this.events.evidenceAt(positions));
  }

  eraseOrigins(positions: readonly Position[]): Promise<void> {
    return this.erasure.erase(positions);
  }

  settleErasure(): Promise<boolean> {
    return this.erasure.settle();
  }

  size(): Promise<Position> {
    return this.snapshot(() => (this.statements.lastEvent.get()?.[0] ?? -1) + 1);
  }

  async sizeBytes(): Promise<number> {
    const files = [this.options.file, `${this.options.file}-wal`];
    const sizes = await Promise.all(files.map(async (file) => (await stat(file)).size));
    return sizes.reduce((sum, size) => sum + size, 0);
  }

  close(): Promise<void> {
    this.closing ??= this.shut();
    return this.closing;
  }

  private async shut(): Promise<void> {
    await this.queue.close();
    try {
      await this.options.onClose?.();
    } finally {
      this.handle.close();
      this.options.onClosed?.();
    }
  }

  private answerReads(): void {
    const { asked } = this;
    this.asked = [];
    try {
      this.atOneMoment(() => {
        this.states.refresh();
        for (const { query, resolve, reject } of asked) {
          try {
            resolve(query(this.states) as never);
          } catch (error) {
            reject(this.readFailure(error));
          }
        }
      });
    } catch (error) {
      for (const { reject } of asked) reject(error);
    }
  }

  private async snapshot<Result>(read: () => Result): Promise<Result> {
    return this.atOneMoment(read);
  }

  /** Reads at one moment: all in one read transaction, so that no other process comes between. */
  private atOneMoment<Result>(read: () => Result): Result {
    try {
      if (!this.handle.open)
        throw new LedgerUnavailable('ledger_unavailable', 'the ledger is closed');
      this.statements.beginRead.run();
      try {
        return read();
      } finally {
        this.endTransaction();
      }
    } catch (error) {
      throw this.readFailure(error);
    }
  }

  private readFailure(error: unknown): Error {
    const failure = ledgerErrorOf(error, this.options.file);
    if (failure instanceof LedgerCorrupted) this.tellFailed(failure.code, failure);
    return failure;
  }

  /**
   * Commits a batch and answers. When one item makes the database refuse, the batch is halved until
   * that item fails alone; when the store itself fails, everything in it fails. Returns what could
   * not begin because another process holds the file, and may wait for it.
   */
  private flush(batch: readonly Waiting[]): readonly Waiting[] {
    const startedAt = performance.now();
    try {
      this.statements.begin.run();
    } catch (error) {
      return this.beginFailed(batch, startedAt, ledgerErrorOf(error, this.options.file));
    }
    try {
      const { answers, events } = this.commit(batch);
      for (const answer of answers) answer();
      const durationMilliseconds = performance.now() - startedAt;
      tellObserver(() => {
        this.options.observer?.flushed?.({ decisions: batch.length, events, durationMilliseconds });
        this.options.afterCommit?.(events);
      });
      return [];
    } catch (error) {
      return this.flushFailed(batch, ledgerErrorOf(error, this.options.file));
    }
  }

  private commit(batch: readonly Waiting[]): { answers: (() => void)[]; events: number } {
    try {
      const turn = new FlushTurn(this.statements, this.states, this.events, this.clock);
      const answers = batch.map((item) => this.decide(turn, item));
      turn.finish();
      this.makeDurable();
      turn.committed();
      return { answers, events: turn.appended };
    } finally {
      this.endTransaction();
    }
  }

  private makeDurable(): void {
    try {
      this.statements.commit.run();
    } catch (error) {
      // Whether that was committed is not known: what is kept may not be what the tables have.
      this.states.forget();
      throw error;
    }
  }

  /** A decision that throws has written nothing and fails alone; the store's own failure does not. */
  private decide(turn: FlushTurn, { execution, resolve, reject }: Waiting): () => void {
    let plan: AppendPlan;
    try {
      plan = turn.prepare(execution);
    } catch (error) {
      const failure = ledgerErrorOf(error, this.options.file);
      if (failure instanceof LedgerError) throw failure;
      return () => {
        reject(error);
        this.tellFailed('decider', error);
      };
    }
    turn.write(plan);
    return () => resolve(plan.outcome as never);
  }

  private flushFailed(batch: readonly Waiting[], error: Error): readonly Waiting[] {
    if (batch.length > 1 && !(error instanceof LedgerError)) {
      const middle = batch.length >> 1;
      const [first, second] = [batch.slice(0, middle), batch.slice(middle)];
      const left = this.flush(first);
      return left.length > 0 ? [...left, ...second] : this.flush(second);
    }
    this.fail(batch, error);
    return [];
  }

  private beginFailed(batch: readonly Waiting[], now: number, error: Error): readonly Waiting[] {
    const isLocked = error instanceof LedgerError && error.code === 'ledger_locked';
    const patience = isLocked ? (this.options.lockPatience ?? LOCK_PATIENCE) : 0;
    const impatient = batch.filter(({ waitingSince }) => now - waitingSince >= patience);
    if (impatient.length > 0) this.fail(impatient, error);
    return batch.filter(({ waitingSince }) => now - waitingSince < patience);
  }

  private fail(batch: readonly Waiting[], error: Error): void {
    for (const item of batch) item.reject(error);
    this.tellFailed(error instanceof LedgerError ? error.code : 'decider', error);
  }

  private tellFailed(code: LedgerErrorCode | 'decider', error: unknown): void {
    tellObserver(() => this.options.observer?.failed?.(code, error));
  }

  private endTransaction(): void {
    if (this.handle.inTransaction) this.statements.rollback.run();
  }
}
