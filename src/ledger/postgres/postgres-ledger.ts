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
import { GroupCommit } from '../group-commit.js';
import type { FedEvent, LedgerFeed, LogIdentity } from '../ledger-feed.port.js';
import { type LedgerObserver, tellObserver } from '../ledger-observer.js';
import { isUntrusted, LedgerError } from '../ledger.errors.js';
import {
  type EventEvidence,
  type EventPage,
  type Execution,
  Ledger,
  type StateReader,
  type StreamRow,
} from '../ledger.port.js';
import { HeadMemory } from './head-memory.js';
import type { PostgresConnections } from './postgres-connection.js';
import { PostgresEventReader } from './postgres-event.reader.js';
import { PostgresFlush, type WaitingDecision } from './postgres-flush.js';
import { StateReads } from './state-reads.js';

/** What a ledger on PostgreSQL needs. */
export interface PostgresLedgerOptions {
  /** For appends: no read waits before one. */
  readonly writing: PostgresConnections;
  readonly reading: PostgresConnections;
  readonly clock?: (() => Instant) | undefined;
  readonly observer?: LedgerObserver | undefined;
}

/**
 * The ledger on PostgreSQL, which several processes share. One flush at a time of this process:
 * decide on what is remembered or loaded without locks, append with one call, answer; what others
 * changed meanwhile is decided again.
 */
export class PostgresLedger extends Ledger implements LedgerFeed {
  private readonly queue: GroupCommit<WaitingDecision>;
  private readonly memory = new HeadMemory();
  private readonly states: StateReads;
  private readonly events: PostgresEventReader;
  private readonly clock: () => Instant;
  private closing: Promise<void> | undefined;
  private conflictCount = 0;

  constructor(private readonly options: PostgresLedgerOptions) {
    super();
    this.queue = new GroupCommit((batch) => this.flush(batch));
    this.states = new StateReads(options.reading, this.memory);
    this.events = new PostgresEventReader(options.reading);
    this.clock = options.clock ?? Date.now;
  }

  override get conflicts(): number {
    return this.conflictCount;
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
    return this.reads(() => this.states.ask(query));
  }

  eventsAfter(after: Position | null, limit: number): Promise<EventPage> {
    return this.reads(() => this.events.eventsAfter(after, limit));
  }

  streamEvents(streamId: StreamId, before: Position | null, limit: number): Promise<EventPage> {
    return this.reads(() => this.events.streamEvents(streamId, before, limit));
  }

  streamRow<Kind extends StreamKind>(kind: Kind, id: string): Promise<StreamRow<Kind> | undefined> {
    return this.reads(() => this.events.streamRow<Kind>(streamIdOf(kind, id)));
  }

  streamsOfKind<Kind extends StreamKind>(
    kind: Kind,
    before: StreamId | null,
    limit: number,
  ): Promise<readonly StreamRow<Kind>[]> {
    return this.reads(() => this.events.streamsOfKind(kind, before, limit));
  }

  streamsOwnedBy(
    subject: Subject,
    after: StreamId | null,
  ): Promise<{ readonly streamIds: readonly StreamId[]; readonly next: StreamId | null }> {
    return this.reads(() => this.events.streamsOwnedBy(subject, after));
  }

  eventsAt(positions: readonly Position[]): Promise<readonly RecordedEvent[]> {
    return this.reads(() => this.events.eventsAt(positions));
  }

  origins(positions: readonly Position[]): Promise<ReadonlyMap<Position, Origin>> {
    return this.reads(() => this.events.origins(positions));
  }

  evidenceAt(positions: readonly Position[]): Promise<readonly EventEvidence[]> {
    return this.reads(() => this.events.evidenceAt(positions));
  }

  eraseOrigins(positions: readonly Position[]): Promise<void> {
    return this.reads(() => this.events.eraseOrigins(positions));
  }

  /**
   * Nothing is left to this process: PostgreSQL keeps the bytes of deleted rows until a VACUUM, its own
   * or an operator's, has given their room to others, and its write-ahead log and the backups as long
   * as they are kept.
   */
  settleErasure(): Promise<boolean> {
    return Promise.resolve(true);
  }

  log(): Promise<LogIdentity> {
    return this.reads(() => this.events.log());
  }

  feed(after: Position | null, limit: number): Promise<readonly FedEvent[]> {
    return this.reads(() => this.events.feed(after, limit));
  }

  size(): Promise<Position> {
    return this.reads(() => this.events.size());
  }

  sizeBytes(): Promise<number> {
    return this.reads(() => this.events.sizeBytes());
  }

  close(): Promise<void> {
    this.closing ??= this.shut();
    return this.closing;
  }

  private async shut(): Promise<void> {
    await this.queue.close();
    await Promise.all([this.options.writing.close(), this.options.reading.close()]);
  }

  private async reads<Result>(read: () => Promise<Result>): Promise<Result> {
    try {
      return await read();
    } catch (error) {
      if (error instanceof LedgerError && isUntrusted(error.code))
        this.tellFailed(error.code, error);
      throw error;
    }
  }

  /** Commits a batch and answers. When the store fails, all that waits now is told so too. */
  private async flush(batch: readonly WaitingDecision[]): Promise<readonly WaitingDecision[]> {
    const startedAt = performance.now();
    const flush = new PostgresFlush({
      connections: this.options.writing,
      history: this.events,
      memory: this.memory,
      clock: this.clock,
      deciderFailed: (error) => this.tellFailed('decider', error),
      conflicted: (decisions) => {
        this.conflictCount += decisions;
      },
    });
    try {
      await flush.run(batch);
    } catch (error) {
      for (const item of [...flush.unanswered, ...this.queue.takeWaiting()]) item.reject(error);
      this.tellFailed(error instanceof LedgerError ? error.code : 'decider', error);
    }
    const { events } = flush;
    const durationMilliseconds = performance.now() - startedAt;
    const decisions = batch.length - flush.unanswered.length;
    if (decisions > 0) {
      tellObserver(() =>
        this.options.observer?.flushed?.({ decisions, events, durationMilliseconds }),
      );
    }
    return [];
  }

  private tellFailed(
    code: Parameters<Required<LedgerObserver>['failed']>[0],
    error: unknown,
  ): void {
    tellObserver(() => this.options.observer?.failed?.(code, error));
  }
}
