import type { Companion } from '../../domain/decision.js';
import type { Envelope, Origin, RecordedEvent } from '../../domain/envelope.js';
import { EVENT_VERSION } from '../../domain/events/event-catalogue.js';
import type { Instant, Position, StreamId, StreamKind } from '../../domain/identifiers.js';
import type { Folded } from '../../domain/directory/directory.evolve.js';
import { DIRECTORY_KINDS, evolve, ownersOf, type StateOf } from '../../domain/streams.js';
import { newUuid, randomToken } from '../../config/random-identifiers.js';
import { eventBody } from '../event-body.js';
import { LedgerCorrupted } from '../ledger.errors.js';
import type { Execution, LoadedStream } from '../ledger.port.js';
import { originCommitment } from '../origin-commitment.js';
import type { LedgerStatements } from './ledger-statements.js';
import type { SqliteEventReader } from './sqlite-event.reader.js';
import type { SqliteStateReader, StreamHead } from './sqlite-state.reader.js';

/** An execution of any kind and outcome, as a batch holds it. */
// oxlint-disable-next-line typescript/no-explicit-any -- kinds and outcomes differ within a batch
export type AnyExecution = Execution<any, any>;

/**
 * One transaction's worth of decisions, taken in order: two on the same stream follow each other.
 * Everything in it is synchronous, so nothing can slip between a decision and its events.
 */
export class FlushTurn {
  private readonly heads = new Map<StreamId, StreamHead>();
  private readonly epoch: number;
  private readonly recordedAt: Instant;
  private position: Position;
  private directoryChanged = false;

  constructor(
    private readonly statements: LedgerStatements,
    private readonly states: SqliteStateReader,
    private readonly history: SqliteEventReader,
    clock: () => Instant,
  ) {
    states.refresh();
    const last = statements.lastEvent.get();
    this.position = (last?.[0] ?? -1) + 1;
    this.recordedAt = Math.max(clock(), last?.[1] ?? 0);
    this.epoch = statements.log.get()?.[0] ?? 0;
  }

  /** The position that the next event will get. */
  get nextPosition(): Position {
    return this.position;
  }

  /** Decides and appends. What `decide` throws passes through, and then nothing was written. */
  execute(execution: AnyExecution): unknown {
    const { kind, streamId } = execution;
    const decision = execution.decide(this.loaded(execution));
    this.append(execution, kind, streamId, decision.events);
    for (const companion of decision.companions ?? []) this.begin(execution, companion);
    for (const { keyKind, key } of decision.claims ?? []) {
      this.statements.insertDirectoryKey.run(execution.project, keyKind, key, streamId);
    }
    return decision.outcome;
  }

  /** Ends the turn, before its commit. */
  finish(): void {
    if (this.directoryChanged) this.statements.growDirectoryVersion.run();
  }

  private loaded(execution: AnyExecution): LoadedStream<StreamKind> {
    return {
      state: this.head(execution.kind as StreamKind, execution.streamId)?.state,
      recordedAt: this.recordedAt,
      epoch: this.epoch,
      find: <Kind extends StreamKind>(kind: Kind, id: string) =>
        this.head(kind, `${kind}:${id}` as StreamId)?.state as StateOf<Kind> | undefined,
      findKey: (project, keyKind, key) => this.states.findKey(project, keyKind, key),
      recent: (limit) => this.recent(execution.streamId, limit),
    };
  }

  private head(kind: StreamKind, streamId: StreamId): StreamHead | undefined {
    return this.heads.get(streamId) ?? this.states.head(kind, streamId);
  }

  private recent(
    streamId: StreamId,
    limit: number,
  ): { event: RecordedEvent; origin: Origin | undefined }[] {
    const events = this.history.streamEvents(streamId, null, limit).events;
    return events.map((event) => ({ event, origin: this.history.origin(event.position) }));
  }

  private begin(execution: AnyExecution, companion: Companion): void {
    const existing = this.head(companion.kind, companion.streamId);
    if (existing !== undefined) throw new LedgerCorrupted(`${companion.streamId} exists already`);
    this.append(execution, companion.kind, companion.streamId, companion.events);
  }

  private append(
    execution: AnyExecution,
    kind: StreamKind,
    streamId: StreamId,
    events: readonly { readonly type: string; readonly data: object }[],
  ): void {
    if (events.length === 0) return;
    const before = this.head(kind, streamId);
    let version = before?.version ?? 0;
    let lastPosition = before?.lastPosition ?? null;
    let state = before?.state;
    for (const event of events) {
      version += 1;
      const position = this.insert(execution, streamId, version, lastPosition, event);
      const folded = { ...event, recordedAt: this.recordedAt, id: streamId.slice(kind.length + 1) };
      state = evolve(kind, state, folded as unknown as Folded<StreamKind>);
      lastPosition = position;
    }
    const head = { kind, version, lastPosition, state } as StreamHead;
    this.store(execution, streamId, before, head);
    this.heads.set(streamId, head);
    if (DIRECTORY_KINDS.has(kind)) this.directoryChanged = true;
  }

  private insert(
    execution: AnyExecution,
    streamId: StreamId,
    streamVersion: number,
    previousPosition: Position | null,
    event: { readonly type: string; readonly data: object },
  ): Position {
    const position = this.position;
    const { origin, actor, correlationId, causationId } = execution.attribution;
    const salt = origin === undefined ? undefined : randomToken(32);
    const envelope: Envelope = {
      id: newUuid(),
      type: event.type,
      version: EVENT_VERSION,
      streamId,
      streamVersion,
      project: execution.project,
      correlationId,
      causationId,
      actor,
      recordedAt: this.recordedAt,
      originCommitment:
        origin === undefined || salt === undefined
          ? undefined
          : originCommitment(Buffer.from(salt, 'base64url'), origin),
    };
    const body = eventBody(envelope, event.data as Record<string, unknown>);
    this.statements.insertEvent.run(
      position,
      streamId,
      streamVersion,
      previousPosition,
      event.type,
      this.recordedAt,
      body,
    );
    if (origin !== undefined && salt !== undefined) {
      const { address, userAgent, requestId } = origin;
      this.statements.insertOrigin.run(position, salt, address, userAgent, requestId);
    }
    this.position += 1;
    return position;
  }

  private store(
    execution: AnyExecution,
    streamId: StreamId,
    before: StreamHead | undefined,
    after: StreamHead,
  ): void {
    const { version, lastPosition } = after;
    const state = JSON.stringify(after.state);
    if (before === undefined) {
      const { subjectId, clientId } = ownersOf(after.state);
      this.statements.insertStream.run(
        streamId,
        after.kind,
        execution.project,
        subjectId,
        clientId,
        version,
        lastPosition,
        state,
      );
      return;
    }
    const { changes } = this.statements.updateStream.run(
      version,
      lastPosition,
      state,
      streamId,
      before.version,
    );
    if (changes !== 1) {
      throw new LedgerCorrupted(`${streamId} is not at version ${before.version}`);
    }
  }
}
