import type { Origin, RecordedEvent } from '../domain/envelope.js';
import type { Position } from '../domain/identifiers.js';

/** Which log this is: another ledger has another origin, a restored copy another epoch. */
export interface LogIdentity {
  readonly origin: string;
  readonly epoch: number;
}

/** An event with its origin, unless it had none or that was erased. */
export interface FedEvent {
  readonly event: RecordedEvent;
  readonly origin: Origin | undefined;
}

/** The ledger as whoever follows it reads it. */
export interface LedgerFeed {
  /** Which log is read. */
  log(): Promise<LogIdentity>;
  /** The position after the last event. */
  size(): Promise<Position>;
  /** Events in order of position with their origins, from after a position. At most 1,000. */
  feed(after: Position | null, limit: number): Promise<readonly FedEvent[]>;
}
