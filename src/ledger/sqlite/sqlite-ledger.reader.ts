import { existsSync } from 'node:fs';
import Database from 'better-sqlite3';
import type { Position } from '../../domain/identifiers.js';
import type { FedEvent, LedgerFeed, LogIdentity } from '../ledger-feed.port.js';
import { LedgerCorrupted, LedgerUnavailable } from '../ledger.errors.js';
import { appliedMigrations } from './ledger-schema.js';
import { type LedgerStatements, prepareLedgerStatements } from './ledger-statements.js';
import { ledgerErrorOf } from './sqlite-errors.js';
import { SqliteEventReader } from './sqlite-event.reader.js';

/** How long a read waits for another process, in milliseconds. */
const TIMEOUT = 5000;

/** Follows a ledger file on a read-only handle of its own, in any thread or process. */
export class SqliteLedgerReader implements LedgerFeed {
  private readonly statements: LedgerStatements;
  private readonly events: SqliteEventReader;

  constructor(
    private readonly handle: Database.Database,
    private readonly file: string,
  ) {
    this.statements = prepareLedgerStatements(handle);
    this.events = new SqliteEventReader(this.statements);
  }

  async log(): Promise<LogIdentity> {
    const log = this.reading(() => this.statements.logIdentity.get());
    if (log === undefined) throw new LedgerCorrupted('the log has no row');
    return log;
  }

  async size(): Promise<Position> {
    return this.reading(() => (this.statements.lastEvent.get()?.[0] ?? -1) + 1);
  }

  async feed(after: Position | null, limit: number): Promise<readonly FedEvent[]> {
    return this.reading(() => this.events.feed(after, limit));
  }

  close(): void {
    this.handle.close();
  }

  private reading<Result>(read: () => Result): Result {
    try {
      return read();
    } catch (error) {
      throw ledgerErrorOf(error, this.file);
    }
  }
}

/**
 * Opens a ledger to be followed: read-only, beside a server that may be running. Throws a LedgerError
 * when it is not there, no ledger, or newer than we are.
 */
export function openSqliteLedgerReader(file: string): SqliteLedgerReader {
  if (!existsSync(file)) throw noLedger(file);
  let handle: Database.Database | undefined;
  try {
    handle = new Database(file, { readonly: true, fileMustExist: true, timeout: TIMEOUT });
    if (appliedMigrations(handle, file).length === 0) throw noLedger(file);
    return new SqliteLedgerReader(handle, file);
  } catch (error) {
    handle?.close();
    throw ledgerErrorOf(error, file);
  }
}

function noLedger(file: string): LedgerUnavailable {
  return new LedgerUnavailable('ledger_unavailable', `there is no ledger in ${file}`);
}
