import type { Decision } from '../domain/decision.js';
import type { Origin, RecordedEvent } from '../domain/envelope.js';
import type {
  Instant,
  Position,
  ProjectId,
  StreamId,
  StreamKind,
  Subject,
} from '../domain/identifiers.js';
import type { DirectoryKeyKind, StateOf } from '../domain/streams.js';

/** Reads that a decision may use: all of them in the transaction that its events are written in. */
export interface StateReader {
  /** The state of the stream `<kind>:<id>`, or undefined when there is none. */
  find<Kind extends StreamKind>(kind: Kind, id: string): StateOf<Kind> | undefined;
  /** The stream that holds a unique key, such as a digest of a user name. */
  findKey(project: ProjectId, keyKind: DirectoryKeyKind, key: string): StreamId | undefined;
}

/** A stream as a decision sees it. */
export interface LoadedStream<Kind extends StreamKind> extends StateReader {
  readonly state: StateOf<Kind> | undefined;
  /** The store's clock: never earlier than anything recorded before. */
  readonly recordedAt: Instant;
  /** Grows when an old copy of the ledger was restored. */
  readonly epoch: number;
  /** The stream's newest events with their origins, newest first; read only when called. */
  recent(limit: number): readonly { event: RecordedEvent; origin: Origin | undefined }[];
}

/** A decision that may also say who acted. It fails when a new state holds a key that is taken. */
export interface LedgerDecision<Kind extends StreamKind, Outcome> extends Decision<Kind, Outcome> {
  /** Who acted, when only the decision can tell; in place of the attribution's actor. */
  readonly actor?: string | undefined;
}

/** Who asked, as the envelope says it. */
export interface Attribution {
  /** `client:<id>`, `account:<sub>`, `operator`, `system` or `anonymous`. */
  readonly actor: string;
  readonly correlationId: string;
  readonly causationId?: string;
  /** Where the request came from; kept erasable, committed to in the event. */
  readonly origin?: Origin | undefined;
}

/** One decision on one stream. */
export interface Execution<Kind extends StreamKind, Outcome> {
  readonly kind: Kind;
  readonly streamId: StreamId;
  readonly project: ProjectId;
  readonly attribution: Attribution;
  /** Runs inside the flush, on the state it is given; must be synchronous and free of side effects. */
  readonly decide: (stream: LoadedStream<Kind>) => LedgerDecision<Kind, Outcome>;
}

/** A place in the ledger up to which something was read, and what stood there. */
export interface EventPage {
  readonly events: readonly RecordedEvent[];
  /** Pass as `after` for the next page; null when the ledger had no more. */
  readonly next: Position | null;
}

/** An origin, and the salt that opens the event's commitment to it (base64url). */
export interface OpenedOrigin extends Origin {
  readonly salt: string;
}

/** What an event is proved with. */
export interface EventEvidence {
  readonly position: Position;
  /** The canonical bytes that the ledger's Merkle tree is over. */
  readonly body: string;
  /** Absent: it has none, or it was erased. */
  readonly origin: OpenedOrigin | undefined;
}

/** A stream's row: whose it is, how far it has come, and its state. */
export interface StreamRow<Kind extends StreamKind = StreamKind> {
  readonly streamId: StreamId;
  readonly kind: Kind;
  readonly version: number;
  readonly lastPosition: Position;
  readonly state: StateOf<Kind>;
}

/**
 * The append-only ledger. `execute` answers only after its events are durable: a rejected promise
 * means that nothing is known to have been written, never that something half was.
 *
 * Errors: `LedgerBusy` (more than 4,096 decisions wait), `LedgerUnavailable` (disk full, read-only,
 * locked by another process for too long, the clock far behind the last event, closed),
 * `LedgerCorrupted` (a broken invariant; the process must stop).
 */
export abstract class Ledger {
  /** Decides on a stream and appends what was decided; answers after the commit. */
  abstract execute<Kind extends StreamKind, Outcome>(
    execution: Execution<Kind, Outcome>,
  ): Promise<Outcome>;
  /** The committed state of a stream, read from the primary. */
  abstract load<Kind extends StreamKind>(
    kind: Kind,
    id: string,
  ): Promise<StateOf<Kind> | undefined>;
  /** The committed states of several streams and keys at one moment. */
  abstract read<Result>(query: (reader: StateReader) => Result): Promise<Result>;
  /** A page of the whole ledger in order of position. At most 1,000 events. */
  abstract eventsAfter(after: Position | null, limit: number): Promise<EventPage>;
  /** A page of one stream, newest first, from below `before`. At most 1,000 events. */
  abstract streamEvents(
    streamId: StreamId,
    before: Position | null,
    limit: number,
  ): Promise<EventPage>;
  /** A stream's row, or undefined. */
  abstract streamRow<Kind extends StreamKind>(
    kind: Kind,
    id: string,
  ): Promise<StreamRow<Kind> | undefined>;
  /** Streams of one kind, newest id first, from below `before`. At most 1,000. */
  abstract streamsOfKind<Kind extends StreamKind>(
    kind: Kind,
    before: StreamId | null,
    limit: number,
  ): Promise<readonly StreamRow<Kind>[]>;
  /** Which of the next streams by id are somebody's; `next` goes on. Looks at 1,000 at most. */
  abstract streamsOwnedBy(
    subject: Subject,
    after: StreamId | null,
  ): Promise<{ readonly streamIds: readonly StreamId[]; readonly next: StreamId | null }>;
  /** The events at these positions in this order, without those that there are none at. At most 1,000. */
  abstract eventsAt(positions: readonly Position[]): Promise<readonly RecordedEvent[]>;
  /** Origins of events that were not erased, by position. */
  abstract origins(positions: readonly Position[]): Promise<ReadonlyMap<Position, Origin>>;
  /** What the events at these positions are proved with, in this order. At most 1,000. */
  abstract evidenceAt(positions: readonly Position[]): Promise<readonly EventEvidence[]>;
  /**
   * Erases where the requests of these events came from. What is appended to the streams of an erased
   * account has no origin to begin with.
   */
  abstract eraseOrigins(positions: readonly Position[]): Promise<void>;
  /** Removes what an erasure left beside the tables. False while others hold it: to be asked again. */
  abstract settleErasure(): Promise<boolean>;
  /** The position after the last event. */
  abstract size(): Promise<Position>;
  /** How much room the ledger takes where it is kept, in bytes. */
  abstract sizeBytes(): Promise<number>;
  /** How many decisions wait for a commit of this process. */
  abstract get waiting(): number;
  /** How often this process decided again because another one was faster: never where one decides alone. */
  get conflicts(): number {
    return 0;
  }
  /** Refuses new decisions, finishes those that wait, and closes. */
  abstract close(): Promise<void>;
}
