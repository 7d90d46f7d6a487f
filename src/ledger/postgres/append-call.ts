import type { Instant, Position, StreamId } from '../../domain/identifiers.js';
import type { LogState } from '../../domain/log/log.state.js';
import { DIRECTORY_KINDS, ownersOf } from '../../domain/streams.js';
import type { AnyExecution, PlannedStream, StreamHead } from '../append-plan.js';
import type { DecisionTurn, TakenDecision } from './decision-turn.js';
import type { LedgerGround } from './head-memory.js';
import { type HeadColumns, headOf } from './head.reader.js';
import type { NamedStatement } from './postgres-connection.js';

/** The one statement that appends. */
export const APPEND: NamedStatement = {
  name: 'ledger.append',
  text: 'SELECT * FROM ledger.append(0, $1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)',
};

/** What the append answers with, in the order of its columns. */
export type AppendRow = readonly [
  moved: boolean,
  stale: readonly number[],
  fresh: readonly (readonly [streamId: StreamId, ...head: HeadColumns | readonly null[]])[],
  origin: string,
  epoch: number,
  directoryVersion: number,
  directoryNonce: string,
  firstPosition: Position,
  appendedAt: Instant,
];

/** An event as the append takes it; the last one of a stream says what the stream is after it. */
interface EventRecord {
  readonly unit: number;
  readonly stream_id: StreamId;
  readonly version: number;
  readonly previous: Position | undefined;
  readonly type: string;
  /** Where the body begins among all texts, from 1, and how long it is. */
  readonly body_at: number;
  readonly body_bytes: number;
  readonly salt: string | undefined;
  readonly address: string | undefined;
  readonly user_agent: string | undefined;
  readonly request_id: string | undefined;
  /** The version that the stream had before all of these; of its last event only, like what follows. */
  before: number | undefined;
  kind: string | undefined;
  project_id: string | undefined;
  subject_id: string | null | undefined;
  client_id: string | null | undefined;
  digest: string | undefined;
  state_at: number | undefined;
  state_bytes: number | undefined;
}

/** An event that was sent, by what it is found by. */
export interface SentEvent {
  readonly unit: number;
  readonly streamId: StreamId;
  readonly version: number;
  readonly body: string;
}

/** A stream that is written, with its last event among all that are appended. */
interface WrittenStream {
  readonly streamId: StreamId;
  readonly versionBefore: number;
  last: PlannedStream;
  lastEvent: EventRecord;
}

/** What an append came to. */
export interface AppendAnswer {
  /** The ledger is not as the decisions saw it: none of them stands. */
  readonly moved: boolean;
  /** Units of which another version was seen: their decisions do not stand. */
  readonly stale: ReadonlySet<number>;
  /** Those streams as they are now. */
  readonly fresh: ReadonlyMap<StreamId, StreamHead | undefined>;
  readonly ground: LedgerGround;
  /** How many events were appended. */
  readonly events: number;
  /** How many events the ledger had after them. */
  readonly size: Position;
  /** The streams that were written, as they are now. */
  readonly heads: ReadonlyMap<StreamId, StreamHead>;
}

/** One append of the decisions of a turn: what it sends, and what its answer means. */
export class AppendCall<Item extends { readonly execution: AnyExecution }> {
  private readonly events: EventRecord[] = [];
  private readonly texts: Buffer[] = [];
  private textsBytes = 0;
  private readonly streams = new Map<StreamId, WrittenStream>();
  private readonly newKeys: object[] = [];
  private newLog: LogState | undefined;
  private changesDirectory = false;

  constructor(private readonly turn: DecisionTurn<Item>) {
    for (const decision of turn.decisions) {
      for (const stream of decision.plan?.streams ?? []) this.add(decision, stream);
    }
    for (const { last, lastEvent, versionBefore } of this.streams.values()) {
      const { subjectId, clientId } = ownersOf(last.after.state);
      lastEvent.before = versionBefore;
      lastEvent.kind = last.kind;
      lastEvent.project_id = last.after.project;
      lastEvent.subject_id = subjectId;
      lastEvent.client_id = clientId;
      lastEvent.digest = last.after.digest;
      const state = this.addText(JSON.stringify(last.after.state));
      lastEvent.state_at = state.at;
      lastEvent.state_bytes = state.bytes;
    }
  }

  /** How many events these units append. */
  eventsOf(units: ReadonlySet<number>): number {
    return this.events.filter(({ unit }) => units.has(unit)).length;
  }

  /** The parameters of the statement; `size` is how many events the ledger has at least. */
  parameters(size: Position): readonly unknown[] {
    const { ground, recordedAt } = this.turn;
    const seen = this.turn.seen().map(({ unit, streamId, version, digest }) => ({
      unit,
      stream_id: streamId,
      version,
      digest,
    }));
    return [
      ground.epoch,
      size,
      ground.directoryNonce,
      recordedAt,
      JSON.stringify(seen),
      JSON.stringify(this.events),
      Buffer.concat(this.texts),
      JSON.stringify(this.newKeys),
      this.changesDirectory,
      this.newLog?.epoch,
      this.newLog?.origin,
    ];
  }

  /** Reads the answer. Throws LedgerCorrupted when a state in it cannot be read. */
  answer(row: AppendRow): AppendAnswer {
    const [moved, stale, fresh, origin, epoch, ...rest] = row;
    const [directoryVersion, directoryNonce, position, lastAppendedAt] = rest;
    const staleUnits = new Set(stale);
    const appended = moved ? [] : this.events.filter(({ unit }) => !staleUnits.has(unit));
    const positions = new Map(appended.map((event, index) => [event, position + index]));
    const heads = new Map<StreamId, StreamHead>();
    for (const { streamId, last, lastEvent } of this.streams.values()) {
      const lastPosition = positions.get(lastEvent);
      if (lastPosition !== undefined) heads.set(streamId, { ...last.after, lastPosition });
    }
    return {
      moved,
      stale: staleUnits,
      fresh: new Map(fresh.map(freshHeadOf)),
      ground: { origin, epoch, directoryVersion, directoryNonce, lastAppendedAt },
      events: appended.length,
      size: position + appended.length,
      heads,
    };
  }

  /** The first event of each unit that writes: where it is found if it was committed. */
  firstEvents(): readonly SentEvent[] {
    const first = new Map<number, SentEvent>();
    for (const { plan, unit } of this.turn.decisions) {
      const [stream] = plan?.streams ?? [];
      const [event] = stream?.events ?? [];
      if (stream === undefined || event === undefined || first.has(unit)) continue;
      const { streamVersion: version, body } = event;
      first.set(unit, { unit, streamId: stream.streamId, version, body });
    }
    return [...first.values()];
  }

  /** The streams that it writes. */
  get written(): readonly StreamId[] {
    return [...this.streams.keys()];
  }

  private add({ unit }: TakenDecision<Item>, stream: PlannedStream): void {
    const { kind, streamId, before, after, newKeys } = stream;
    let known = this.streams.get(streamId);
    for (const { type, streamVersion, body, origin } of stream.events) {
      const text = this.addText(body);
      const event: EventRecord = {
        unit,
        stream_id: streamId,
        version: streamVersion,
        previous: known === undefined ? before?.lastPosition : undefined,
        type,
        body_at: text.at,
        body_bytes: text.bytes,
        salt: origin?.salt,
        address: origin?.address,
        user_agent: origin?.userAgent,
        request_id: origin?.requestId,
        // All members are there from the beginning: an object that grows them later is moved each time.
        before: undefined,
        kind: undefined,
        project_id: undefined,
        subject_id: undefined,
        client_id: undefined,
        digest: undefined,
        state_at: undefined,
        state_bytes: undefined,
      };
      this.events.push(event);
      known ??= {
        streamId,
        versionBefore: before?.version ?? 0,
        last: stream,
        lastEvent: event,
      };
      known.last = stream;
      known.lastEvent = event;
      this.streams.set(streamId, known);
    }
    for (const { keyKind, key } of newKeys) {
      this.newKeys.push({ project_id: after.project, key_kind: keyKind, key, stream_id: streamId });
    }
    if (kind === 'log') this.newLog = after.state as LogState;
    if (DIRECTORY_KINDS.has(kind)) this.changesDirectory = true;
  }

  private addText(text: string): { readonly at: number; readonly bytes: number } {
    const bytes = Buffer.from(text);
    const at = this.textsBytes + 1;
    this.texts.push(bytes);
    this.textsBytes += bytes.length;
    return { at, bytes: bytes.length };
  }
}

function freshHeadOf([streamId, ...row]: AppendRow[2][number]): [StreamId, StreamHead | undefined] {
  return [streamId, row[1] === null ? undefined : headOf(streamId, row as HeadColumns)];
}
