import type { Instant, Position, StreamId, StreamKind } from '../../domain/identifiers.js';
import { streamIdOf } from '../../domain/identifiers.js';
import type { LogState } from '../../domain/log/log.state.js';
import { DIRECTORY_KINDS, ownersOf, type StateOf } from '../../domain/streams.js';
import {
  type AnyExecution,
  type AppendPlan,
  planAppend,
  type PlannedEvent,
  type PlannedStream,
  type StreamHead,
} from '../append-plan.js';
import { LedgerCorrupted } from '../ledger.errors.js';
import type { LoadedStream } from '../ledger.port.js';
import { recordedTime } from '../recorded-time.js';
import type { LedgerStatements } from './ledger-statements.js';
import type { SqliteEventReader } from './sqlite-event.reader.js';
import type { SqliteStateReader } from './sqlite-state.reader.js';

/**
 * One transaction's worth of decisions, taken in order: two on the same stream follow each other.
 * Everything in it is synchronous, so nothing can slip between a decision and its events.
 */
export class FlushTurn {
  /** Streams that were read or written in this turn, as they stand in it. */
  private readonly heads = new Map<StreamId, StreamHead | undefined>();
  private readonly written = new Map<StreamId, StreamHead>();
  private epoch: number;
  private readonly recordedAt: Instant;
  private readonly firstPosition: Position;
  private position: Position;
  private directoryChanged = false;

  constructor(
    private readonly statements: LedgerStatements,
    private readonly states: SqliteStateReader,
    private readonly history: SqliteEventReader,
    clock: () => Instant,
  ) {
    states.refresh();
    const [lastPosition, lastAppendedAt] = statements.lastEvent.get() ?? [-1, 0];
    const log = statements.logIdentity.get();
    if (log === undefined) throw new LedgerCorrupted('the log has no row');
    this.firstPosition = lastPosition + 1;
    this.position = this.firstPosition;
    this.recordedAt = recordedTime(clock(), lastAppendedAt);
    this.epoch = log.epoch;
  }

  /** How many events were written in this turn. */
  get appended(): number {
    return this.position - this.firstPosition;
  }

  /** Decides without writing anything; what `decide` throws passes through. */
  prepare(execution: AnyExecution): AppendPlan {
    return planAppend(execution, execution.decide(this.loaded(execution)), {
      recordedAt: this.recordedAt,
      head: (streamId) => this.head(streamId),
    });
  }

  /** Writes what was prepared. After an error the whole turn is void. */
  write(plan: AppendPlan): void {
    for (const stream of plan.streams) this.append(stream);
  }

  /** Ends the turn, before its commit. */
  finish(): void {
    if (this.directoryChanged) this.statements.growDirectoryVersion.run();
  }

  /** Lets the next turns know what this one wrote; only after its commit. */
  committed(): void {
    if (this.directoryChanged) this.states.forgetDirectory();
    for (const [streamId, head] of this.written) this.states.keep(streamId, head);
  }

  private loaded({ streamId }: AnyExecution): LoadedStream<StreamKind> {
    return {
      state: this.head(streamId)?.state,
      recordedAt: this.recordedAt,
      epoch: this.epoch,
      find: <Kind extends StreamKind>(kind: Kind, id: string) =>
        this.head(streamIdOf(kind, id))?.state as StateOf<Kind> | undefined,
      findKey: (project, keyKind, key) => this.states.findKey(project, keyKind, key),
      recent: (limit) =>
        this.history
          .streamEvents(streamId, null, limit)
          .events.map((event) => ({ event, origin: this.history.origin(event.position) })),
    };
  }

  private head(streamId: StreamId): StreamHead | undefined {
    const known = this.heads.get(streamId);
    if (known !== undefined || this.heads.has(streamId)) return known;
    const head = this.states.head(streamId);
    this.heads.set(streamId, head);
    return head;
  }

  private append({ kind, streamId, before, events, after, newKeys }: PlannedStream): void {
    let lastPosition = before?.lastPosition ?? null;
    for (const event of events) lastPosition = this.insert(streamId, lastPosition, event);
    const { project, version, digest, state } = after;
    const head = { project, version, lastPosition: lastPosition as Position, digest, state };
    if (before === undefined) this.begin(kind, streamId, head);
    else this.advance(streamId, before.version, head);
    for (const { keyKind, key } of newKeys) {
      this.statements.insertDirectoryKey.run(head.project, keyKind, key, streamId);
    }
    this.heads.set(streamId, head);
    if (kind === 'log') this.recordEpoch(head.state as LogState);
    if (DIRECTORY_KINDS.has(kind)) this.directoryChanged = true;
    else this.written.set(streamId, head);
  }

  /** `logs` says what the log's own stream says: the first row was there before any event. */
  private recordEpoch({ origin, epoch }: LogState): void {
    if (epoch > this.epoch) this.statements.insertLog.run(origin, epoch);
    const log = this.statements.logIdentity.get();
    if (log?.origin !== origin || log.epoch !== epoch) {
      throw new LedgerCorrupted('the log and its own stream disagree about who it is');
    }
    this.epoch = epoch;
  }

  private insert(
    streamId: StreamId,
    previousPosition: Position | null,
    { type, streamVersion, body, origin }: PlannedEvent,
  ): Position {
    const position = this.position;
    this.statements.insertEvent.run(
      position,
      streamId,
      streamVersion,
      previousPosition,
      type,
      this.recordedAt,
      body,
    );
    if (origin !== undefined) {
      const { salt, address, userAgent, requestId } = origin;
      this.statements.insertOrigin.run(position, salt, address, userAgent, requestId);
    }
    this.position += 1;
    return position;
  }

  private begin(kind: StreamKind, streamId: StreamId, head: StreamHead): void {
    const { subjectId, clientId } = ownersOf(head.state);
    this.statements.insertStream.run(
      streamId,
      kind,
      head.project,
      subjectId,
      clientId,
      head.version,
      head.lastPosition,
      head.digest,
      JSON.stringify(head.state),
    );
  }

  private advance(streamId: StreamId, versionBefore: number, head: StreamHead): void {
    const { changes } = this.statements.updateStream.run(
      head.version,
      head.lastPosition,
      head.digest,
      JSON.stringify(head.state),
      streamId,
      versionBefore,
    );
    if (changes !== 1) throw new LedgerCorrupted(`${streamId} is not at version ${versionBefore}`);
  }
}
