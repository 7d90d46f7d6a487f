import type { Instant, Position, ProjectId, StreamId } from './identifiers.js';

/**
 * What surrounds the data of every event. With the data it is the event's body: canonical JSON whose
 * bytes never change. `recordedAt` is the store's clock at the decision; it never runs backwards
 * within a stream.
 */
export interface Envelope {
  /** UUID version 7. */
  readonly id: string;
  readonly type: string;
  readonly version: number;
  readonly streamId: StreamId;
  /** 1 for the first event of a stream. */
  readonly streamVersion: number;
  readonly project: ProjectId;
  /** One value for all that a request caused. */
  readonly correlationId: string;
  /** The event that caused this one, when that was not a request. */
  readonly causationId?: string | undefined;
  /** `client:<id>`, `account:<sub>`, `operator`, `system`, or `anonymous` for who is not known here. */
  readonly actor: string;
  readonly recordedAt: Instant;
  /** SHA-256(32-byte salt || canonical origin), base64url; the origin itself can be erased. */
  readonly originCommitment?: string | undefined;
}

/** An event as the ledger holds it. */
export interface RecordedEvent extends Envelope {
  readonly data: Readonly<Record<string, unknown>>;
  readonly position: Position;
  /** The position of the stream's event before this one; null for its first. */
  readonly previousPosition: Position | null;
  readonly appendedAt: Instant;
}

/** Where a request came from. Personal data: kept beside the ledger, erasable. */
export interface Origin {
  readonly address: string;
  readonly userAgent: string;
  readonly requestId: string;
}
