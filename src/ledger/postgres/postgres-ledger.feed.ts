import type { Position } from '../../domain/identifiers.js';
import type { FedEvent, LedgerFeed, LogIdentity } from '../ledger-feed.port.js';
import { PostgresConnections } from './postgres-connection.js';
import { PostgresEventReader } from './postgres-event.reader.js';

/** One follower reads one page after the other. */
const CONNECTIONS_MAX = 1;

/** Follows a ledger on PostgreSQL on a connection of its own, in any thread or process. */
export class PostgresLedgerFeed implements LedgerFeed {
  private readonly events: PostgresEventReader;

  constructor(private readonly connections: PostgresConnections) {
    this.events = new PostgresEventReader(connections);
  }

  log(): Promise<LogIdentity> {
    return this.events.log();
  }

  size(): Promise<Position> {
    return this.events.size();
  }

  feed(after: Position | null, limit: number): Promise<readonly FedEvent[]> {
    return this.events.feed(after, limit);
  }

  close(): Promise<void> {
    return this.connections.close();
  }
}

/** Opens a ledger to be followed; it is connected to when it is first read. */
export function openPostgresFeed(url: string): PostgresLedgerFeed {
  return new PostgresLedgerFeed(new PostgresConnections(url, CONNECTIONS_MAX));
}
