import type Database from 'better-sqlite3';
import type { Origin } from '../../domain/envelope.js';
import type { Instant, Position, StreamId, StreamKind } from '../../domain/identifiers.js';
import { streamIdOf } from '../../domain/identifiers.js';
import type { StateOf } from '../../domain/streams.js';
import { GroupCommit } from '../group-commit.js';
import type { LedgerErrorCode } from '../ledger.errors.js';
import { LedgerError } from '../ledger.errors.js';
import {
  type EventPage,
  type Execution,
  Ledger,
  type StateReader,
  type StreamRow,
} from '../ledger.port.js';
import { type AnyExecution, FlushTurn } from './flush-turn.js';
import { type LedgerStatements, prepareLedgerStatements } from './ledger-statements.js';
import { isStoreFailure, ledgerErrorOf } from './sqlite-errors.js';
import { SqliteEventReader } from './sqlite-event.reader.js';
import { SqliteStateReader } from './sqlite-state.reader.js';

/** What the ledger tells of its work: for metrics, and to wake who follows the ledger. */
export interface LedgerObserver {
  /** A batch was committed. */
  flushed?(flush: { decisions: number; events: number; durationMilliseconds: number }): void;
  /** A batch failed. */
  failed?(code: LedgerErrorCode | 'decider', error: unknown): void;
}

interface Waiting {
  readonly execution: AnyExecution;
  readonly resolve: (outcome: never) => void;
  readonly reject: (error: unknown) => void;
}

/** What a ledger on SQLite needs besides its handle. */
export interface SqliteLedgerOptions {
  readonly file: string;
  readonly clock?: () => Instant;
  readonly observer?: LedgerObserver;
  /** Called after each commit, when the write-ahead log has grown. */
  readonly afterCommit?: () => void;
  /** Called when no more commits can come, before the handle is closed. */
  readonly onClose?: () => Promise<void>;
  /** Called when the handle is closed. */
  readonly onClosed?: () => void;
}

/**
 * The ledger on one SQLite file. A flush is one synchronous turn of the thread that owns the handle:
 * begin, load, decide, append, one durable commit (WAL, synchronous=FULL), answer.
 */
export class SqliteLedger extends Ledger {
  private readonly statements: LedgerStatements;
  private readonly states: SqliteStateReader;
  private readonly events: SqliteEventReader;
  private readonly queue: GroupCommit<Waiting>;
  private readonly clock: () => Instant;

  constructor(
    private readonly handle: Database.Database,
    private readonly options: SqliteLedgerOptions,
  ) {
    super();
    this.statements = prepareLedgerStatements(handle);
    this.states = new SqliteStateReader(this.statements);
    this.events = new SqliteEventReader(this.statements);
    this.queue = new GroupCommit((batch) => this.flush(batch));
    this.clock = options.clock ?? Date.now;
  }

  /** How many decisions wait for a commit. */
  get waiting(): number {
    return this.queue.size;
  }

  execute<Kind extends StreamKind, Outcome>(execution: Execution<Kind, Outcome>): Promise<Outcome> {
    return new Promise<Outcome>((resolve, reject) => {
      this.queue.submit({ execution, resolve, reject });
    });
  }

  load<Kind extends StreamKind>(kind: Kind, id: string): Promise<StateOf<Kind> | undefined> {
    return this.read((reader) => reader.find(kind, id));
  }

  read<Result>(query: (reader: StateReader) => Result): Promise<Result> {
    return this.attempt(() => {
      this.states.refresh();
      return query(this.states);
    });
  }

  eventsAfter(after: Position | null, limit: number): Promise<EventPage> {
    return this.attempt(() => this.events.eventsAfter(after, limit));
  }

  streamEvents(streamId: StreamId, before: Position | null, limit: number): Promise<EventPage> {
    return this.attempt(() => this.events.streamEvents(streamId, before, limit));
  }

  streamRow<Kind extends StreamKind>(kind: Kind, id: string): Promise<StreamRow<Kind> | undefined> {
    return this.attempt(() => this.events.streamRow<Kind>(streamIdOf(kind, id)));
  }

  streamsOfKind<Kind extends StreamKind>(
    kind: Kind,
    before: StreamId | null,
    limit: number,
  ): Promise<readonly StreamRow<Kind>[]> {
    return this.attempt(() => this.events.streamsOfKind(kind, before, limit));
  }

  origins(positions: readonly Position[]): Promise<ReadonlyMap<Position, Origin>> {
    return this.attempt(() => {
      const found = new Map<Position, Origin>();
      for (const position of positions) {
        const origin = this.events.origin(position);
        if (origin !== undefined) found.set(position, origin);
      }
      return found;
    });
  }

  size(): Promise<Position> {
    return this.attempt(() => (this.statements.lastEvent.get()?.[0] ?? -1) + 1);
  }

  async close(): Promise<void> {
    this.queue.close();
    await this.options.onClose?.();
    this.handle.close();
    this.options.onClosed?.();
  }

  private async attempt<Result>(action: () => Result): Promise<Result> {
    try {
      return action();
    } catch (error) {
      throw ledgerErrorOf(error, this.options.file);
    }
  }

  /**
   * Commits a batch and answers. When one item makes the database refuse, the batch is halved until
   * that item fails alone; when the store itself fails, everything in it fails.
   */
  private flush(batch: readonly Waiting[]): void {
    const startedAt = performance.now();
    let settle: (() => void)[];
    try {
      settle = this.commit(batch, startedAt);
    } catch (error) {
      this.flushFailed(batch, ledgerErrorOf(error, this.options.file));
      return;
    }
    for (const answer of settle) answer();
    this.options.afterCommit?.();
  }

  private commit(batch: readonly Waiting[], startedAt: number): (() => void)[] {
    this.statements.begin.run();
    try {
      const turn = new FlushTurn(this.statements, this.states, this.events, this.clock);
      const first = turn.nextPosition;
      const settle = batch.map((item) => this.decide(turn, item));
      turn.finish();
      this.statements.commit.run();
      this.options.observer?.flushed?.({
        decisions: batch.length,
        events: turn.nextPosition - first,
        durationMilliseconds: performance.now() - startedAt,
      });
      return settle;
    } finally {
      if (this.handle.inTransaction) this.statements.rollback.run();
    }
  }

  /** A decider that throws before anything was written fails alone. */
  private decide(turn: FlushTurn, item: Waiting): () => void {
    const before = turn.nextPosition;
    try {
      const outcome = turn.execute(item.execution);
      return () => item.resolve(outcome as never);
    } catch (error) {
      const failure = ledgerErrorOf(error, this.options.file);
      if (isStoreFailure(failure) || failure !== error || turn.nextPosition !== before)
        throw failure;
      this.options.observer?.failed?.('decider', error);
      return () => item.reject(error);
    }
  }

  private flushFailed(batch: readonly Waiting[], error: Error): void {
    const isStore = error instanceof LedgerError;
    if (batch.length > 1 && !isStore) {
      const middle = batch.length >> 1;
      this.flush(batch.slice(0, middle));
      this.flush(batch.slice(middle));
      return;
    }
    this.options.observer?.failed?.(isStore ? error.code : 'decider', error);
    for (const item of batch) item.reject(error);
  }
}
