import type { Instant, Position } from '../../domain/identifiers.js';
import type { TreeReads } from '../sealing/seal-store.port.js';

/** An event exactly as it is stored, believed in nothing. */
export interface StoredEvent {
  readonly position: Position;
  readonly streamId: string;
  readonly streamVersion: number;
  readonly previousPosition: Position | null;
  readonly type: string;
  readonly appendedAt: number;
  readonly body: string;
  readonly origin?: StoredOrigin | undefined;
}

/** An origin exactly as it is stored. */
export interface StoredOrigin {
  readonly salt: string;
  readonly address: string;
  readonly userAgent: string;
  readonly requestId: string;
}

/** A stream's row exactly as it is stored. */
export interface StoredStream {
  readonly streamId: string;
  readonly kind: string;
  readonly project: string;
  readonly subjectId: string | null;
  readonly clientId: string | null;
  readonly version: number;
  readonly lastPosition: Position;
  readonly digest: string;
  readonly state: string;
  /** Of which log the row is, where the database reads it whatever that is. */
  readonly logId?: number;
}

/** A unique key exactly as it is stored. */
export interface StoredKey {
  readonly project: string;
  readonly keyKind: string;
  readonly key: string;
  readonly streamId: string;
  /** How far its stream has come at that moment; null when it has no row. */
  readonly lastPosition: Position | null;
  /** Whether that stream is of the part that was asked for: 1 or 0. */
  readonly isOfPart: number;
}

/** What tells the order of the log: an event's place and its time. */
export type SequenceRow = readonly [position: Position, appendedAt: Instant];

/** A checkpoint's row exactly as it is stored. */
export interface StoredCheckpoint {
  readonly size: number;
  readonly root: Buffer;
  readonly note: string;
  readonly sealedAt: Instant;
}

/** The log's rows, one for each epoch, and the events of its own stream, each in their order. */
export interface StoredLog {
  readonly rows: readonly StoredLogRow[];
  readonly events: readonly { readonly position: Position; readonly body: string }[];
}

/** A row of the log exactly as it is stored. */
export interface StoredLogRow {
  readonly epoch: number;
  readonly origin: string;
  readonly open: number;
}

/** One of `count` parts of all streams, each of them in exactly one. */
export interface StreamPartition {
  readonly index: number;
  readonly count: number;
}

/**
 * A ledger to be verified, read in pages on a handle of its own. Every read is rejected with
 * LedgerCorrupted where the database itself is damaged.
 */
export interface LedgerSource extends TreeReads {
  /** The position after the last event, and how many streams there are. */
  counts(): Promise<{ readonly events: number; readonly streams: number }>;
  /** The first position from this one on that has an event. */
  positionFrom(position: Position): Promise<Position | undefined>;
  /** The last event below a position in the order of the log. */
  sequenceBefore(position: Position): Promise<SequenceRow | undefined>;
  /** The stored event at a position. */
  event(position: Position): Promise<StoredEvent | undefined>;
  /** The order of the events after a position up to another one. */
  sequence(after: Position, upTo: Position): Promise<readonly SequenceRow[]>;
  /** The stored events of a part after a position up to another one, in order. */
  events(after: Position, upTo: Position, part: StreamPartition): Promise<readonly StoredEvent[]>;
  /** Stored streams of a part after an id, in order; at most 1,000. */
  streams(after: string, part: StreamPartition): Promise<readonly StoredStream[]>;
  /** Stored unique keys after another one, in order, of whatever part; at most 1,000. */
  keys(after: StoredKey | undefined, part: StreamPartition): Promise<readonly StoredKey[]>;
  /** The log itself, at one moment. */
  log(): Promise<StoredLog>;
  /** The epochs that there are checkpoints of, with their smallest and largest sizes. */
  sealedEpochs(): Promise<readonly { epoch: number; sizeMin: number; sizeMax: number }[]>;
  /** The levels that there are tiles of, with their first and last places. */
  tileLevels(): Promise<readonly { level: number; indexMin: number; indexMax: number }[]>;
  /** The size of an epoch's newest checkpoint that is at most so large; 0 when there is none. */
  newestSize(epoch: number, sizeMax: number): Promise<number>;
  /** The stored checkpoint of an epoch and a size. */
  checkpoint(epoch: number, size: number): Promise<StoredCheckpoint | undefined>;
  /** Stored checkpoints of an epoch after a size up to another one, in order; at most 1,000. */
  checkpoints(epoch: number, after: number, upTo: number): Promise<readonly StoredCheckpoint[]>;
  /** What is wrong with the database beside its events, streams and keys; empty when it is intact. */
  damage(): Promise<readonly string[]>;
  close(): Promise<void>;
}
