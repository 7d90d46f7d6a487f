import type { Position } from '../../domain/identifiers.js';

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
}

/** A unique key exactly as it is stored. */
export interface StoredKey {
  readonly project: string;
  readonly keyKind: string;
  readonly key: string;
  readonly streamId: string;
  /** How far its stream has come at that moment; null when it has no row. */
  readonly lastPosition: Position | null;
}

/**
 * A ledger to be verified, read in pages on a handle of its own. Every read throws LedgerCorrupted
 * where the database itself is damaged.
 */
export interface LedgerSource {
  /** The position after the last event, and how many streams there are. */
  counts(): { readonly events: number; readonly streams: number };
  /** Stored events after a position, in order; at most 1,000. */
  events(after: Position, limit?: number): readonly StoredEvent[];
  /** Stored streams after an id, in order; at most 1,000. */
  streams(after: string): readonly StoredStream[];
  /** Stored unique keys after another one, in order; at most 1,000. */
  keys(after: StoredKey | undefined): readonly StoredKey[];
  /** What is wrong with the database beside its events, streams and keys; empty when it is intact. */
  damage(): readonly string[];
  close(): void;
}
