import type { DatabaseError } from 'pg';
import { CLOCK_AHEAD, LEDGER_OLDER } from '../migrations/postgres-append-function.js';
import { ClockAhead, LedgerCorrupted, LedgerError, LedgerUnavailable } from '../ledger.errors.js';

/** What a statement can be refused for without the store being at fault. */
const OWN_FAULT = /^(?:22|23|54)/;
/** The statement was refused or undone, and PostgreSQL said so: it wrote nothing. */
const UNDONE = /^(?!08|57P|40003)[0-9A-Z]{5}$/;
const READ_ONLY = /^(?:25006|42501)$/;
const CORRUPT = /^XX00[12]$/;
const DISK_FULL = '53100';
const CHECK_VIOLATION = '23514';
/** The routine of PostgreSQL that finds no partition for a row: its message is of any language. */
const PARTITION_SEARCH = 'ExecFindPartition';

/** The SQLSTATE of an error that PostgreSQL itself told; undefined of any other. */
export function sqlStateOf(error: unknown): string | undefined {
  const { code, severity } = (error ?? {}) as { code?: unknown; severity?: unknown };
  return typeof code === 'string' && typeof severity === 'string' ? code : undefined;
}

/** Whether PostgreSQL said that the statement wrote nothing; otherwise it may have been committed. */
export function isUndone(error: unknown): boolean {
  return UNDONE.test(sqlStateOf(error) ?? '');
}

/**
 * The ledger's error for what PostgreSQL or the connection said: one clear line that names the
 * database, never with a password. What is not the store's fault passes as it is.
 */
export function postgresErrorOf(error: unknown, database: string): Error {
  const failure = error as Error;
  const state = sqlStateOf(error);
  const cause = { cause: error };
  const partition = missingPartition(error);
  if (partition !== undefined) {
    const message = `${database} cannot be written: ${partition}`;
    return new LedgerUnavailable('read_only', message, cause);
  }
  if (error instanceof LedgerError || (state !== undefined && OWN_FAULT.test(state))) {
    return failure;
  }
  if (state === DISK_FULL) {
    return new LedgerUnavailable('disk_full', `the disk of ${database} is full`, cause);
  }
  const message = oneLine(failure.message);
  if (state === CLOCK_AHEAD) return new ClockAhead(message);
  if (state === LEDGER_OLDER) return new LedgerError('ledger_rolled_back', message);
  if (state !== undefined && READ_ONLY.test(state)) {
    return new LedgerUnavailable('read_only', `${database} cannot be written: ${message}`, cause);
  }
  if (state !== undefined && CORRUPT.test(state)) {
    return new LedgerCorrupted(`${database} contradicts itself: ${message}`, cause);
  }
  return new LedgerUnavailable(
    'ledger_unavailable',
    `${database} cannot be read or written: ${message}`,
    cause,
  );
}

/**
 * What is missing when a row fits into no partition of its table; undefined of any other error. It has
 * the code of a row that breaks a rule of its table, which is the fault of who wrote that row.
 */
function missingPartition(error: unknown): string | undefined {
  const { routine, schema, table, detail } = (error ?? {}) as Partial<DatabaseError>;
  if (sqlStateOf(error) !== CHECK_VIOLATION || routine !== PARTITION_SEARCH) return undefined;
  const [, position] = /\("?position"?\) = \((\d+)\)/.exec(detail ?? '') ?? [];
  const row = position === undefined ? 'the next row' : `position ${position}`;
  return `the table ${schema}.${table} has no partition for ${row}: make one`;
}

function oneLine(text: string): string {
  return text.replaceAll(/\s*\n\s*/g, ' ').trim() || 'the connection failed';
}
