import type { Position, StreamId, StreamKind } from '../../domain/identifiers.js';

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
  readonly streamId: StreamId;
  readonly kind: StreamKind;
  readonly project: string;
  readonly subjectId: string | null;
  readonly clientId: string | null;
  readonly version: number;
  readonly lastPosition: Position;
  readonly state: string;
}

/** A ledger to be verified, read in pages on a handle of its own. */
export interface LedgerSource {
  /** How many events and streams there are. */
  counts(): { readonly events: number; readonly streams: number };
  /** Stored events after a position, in order; at most 1,000. */
  events(after: Position): readonly StoredEvent[];
  /** Stored streams after an id, in order; at most 1,000. */
  streams(after: string): readonly StoredStream[];
  /** What the database says of its own pages; empty when it is intact. */
  damage(): readonly string[];
  close(): void;
}
