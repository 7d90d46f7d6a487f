import type { Instant } from '../../domain/identifiers.js';
import type { LedgerObserver } from '../ledger-observer.js';
import { prepareSchema } from './ledger-schema.js';
import { PostgresConnections, roleOf } from './postgres-connection.js';
import { PostgresLedger } from './postgres-ledger.js';
import { refuseUnfinishedTransfer } from './unfinished-transfer.js';

/** Where a ledger is and who opens it. */
export interface OpenPostgresLedger {
  /** `postgres://user:password@host:port/database`, of the role that serves requests. */
  readonly url: string;
  /** Of the role that owns the tables, when it is another one. */
  readonly ownerUrl?: string | undefined;
  /** Whether tables may be made or brought up to date; otherwise they must be there. */
  readonly mayMigrate?: boolean | undefined;
  readonly clock?: (() => Instant) | undefined;
  readonly observer?: LedgerObserver | undefined;
}

/** One connection for appends, and one more to find out what became of one. */
const WRITING_CONNECTIONS_MAX = 2;
const READING_CONNECTIONS_MAX = 8;

/**
 * Opens the ledger, made and migrated if need be. Several processes may do so at once.
 *
 * Throws a LedgerError: `ledger_unavailable` (not reached, or refused), `read_only` (the role may not
 * make the tables, or nobody may write: a standby), `schema_newer`; also while a ledger is being copied
 * there. Then nothing is left open. No message holds the password.
 */
export async function openPostgresLedger({
  url,
  ownerUrl,
  mayMigrate = true,
  clock,
  observer,
}: OpenPostgresLedger): Promise<PostgresLedger> {
  const runtimeRole = ownerUrl === undefined ? undefined : roleOf(url);
  await prepareSchema({ ownerUrl: ownerUrl ?? url, runtimeRole, mayMigrate });
  const writing = new PostgresConnections(url, WRITING_CONNECTIONS_MAX, undefined, 'writable');
  const reading = new PostgresConnections(url, READING_CONNECTIONS_MAX, undefined, 'primary');
  const ledger = new PostgresLedger({ writing, reading, clock, observer });
  try {
    await refuseUnfinishedTransfer(writing);
    await ledger.log();
    return ledger;
  } catch (error) {
    await ledger.close();
    throw error;
  }
}
