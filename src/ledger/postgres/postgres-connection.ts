import { randomBytes } from 'node:crypto';
import pg from 'pg';
import { databaseName, isPostgresUrl } from '../../config/settings.js';
import { LedgerUnavailable } from '../ledger.errors.js';
import { isUndone, postgresErrorOf } from './postgres-errors.js';

/** How long a connection may take to be made, in milliseconds. */
export const CONNECT_TIMEOUT = 2000;
/** How long PostgreSQL may work at a statement, and how much longer its answer may take. In milliseconds. */
const STATEMENT_TIMEOUT = 5000;
export const ANSWER_PATIENCE = 1000;
/** How long a connection that nobody uses is kept, in milliseconds. */
const IDLE_TIMEOUT = 300_000;
/** So many reads may wait for a connection. */
const WAITING_READS_MAX = 4096;

/**
 * What every connection is set to, whatever its URL or its role says. Transactions that wait for a
 * client are ended where PostgreSQL can (17 and later).
 */
const sessionSettings = (
  statementTimeout: number,
): string => `SET default_transaction_isolation = 'read committed'; SET synchronous_commit = on;
  SET statement_timeout = ${statementTimeout};
  SELECT set_config(name, '${2 * statementTimeout}', false) FROM pg_catalog.pg_settings
  WHERE name IN ('transaction_timeout', 'idle_in_transaction_session_timeout');
  SELECT pg_catalog.pg_backend_pid() AS "processId", pg_catalog.pg_is_in_recovery() AS "isStandby",
    pg_catalog.current_setting('transaction_read_only') = 'on' AS "isReadOnly"`;

/** What a database must be: any that answers, one that is no standby, or one that can be written. */
export type RequiredTarget = 'any' | 'primary' | 'writable';

/** Positions fit a number: every bigint is read as one. */
const TYPES: pg.CustomTypesConfig = {
  getTypeParser: (type, format) =>
    type === pg.types.builtins.INT8 ? Number : pg.types.getTypeParser(type, format),
};

/** A statement that PostgreSQL keeps prepared under its name. */
export interface NamedStatement {
  readonly name: string;
  readonly text: string;
}

/** A backend of PostgreSQL, as another connection can name it. */
export interface Backend {
  readonly processId: number;
  readonly applicationName: string;
}

/** What a statement failed with, and whose backend it was sent to. */
export class StatementFailure extends Error {
  constructor(
    readonly reason: unknown,
    /** Undefined: it was not sent. */
    readonly backend: Backend | undefined,
  ) {
    super('a statement failed', { cause: reason });
  }
}

/** Connections to one database, a bounded number of them. */
export class PostgresConnections {
  /** What the database is called in errors. */
  readonly database: string;
  private readonly pool: pg.Pool;
  private readonly applicationName: string;
  private readonly answerTimeout: number;
  /** Of the backends, as they say themselves: what a proxy says at the start is of its own making. */
  private readonly processIds = new WeakMap<pg.ClientBase, number>();

  constructor(
    url: string,
    connectionsMax: number,
    /** How long a statement may take, in milliseconds. */
    statementTimeout = STATEMENT_TIMEOUT,
    required: RequiredTarget = 'any',
  ) {
    this.database = describeDatabase(url);
    this.answerTimeout = statementTimeout + ANSWER_PATIENCE;
    this.applicationName = `token-ledger ${randomBytes(6).toString('hex')}`;
    this.pool = new pg.Pool({
      connectionString: withName(url, this.applicationName),
      max: connectionsMax,
      connectionTimeoutMillis: CONNECT_TIMEOUT,
      query_timeout: this.answerTimeout,
      idleTimeoutMillis: IDLE_TIMEOUT,
      keepAlive: true,
      types: TYPES,
      onConnect: (client): unknown => this.prepare(client, statementTimeout, required),
    });
    // A connection that breaks while nobody uses it is replaced when it is needed.
    this.pool.on('error', () => undefined);
  }

  /** Runs a statement and answers with its rows as arrays. Throws a LedgerError, or its own fault. */
  async rows<Row extends readonly unknown[]>(
    statement: NamedStatement,
    values: readonly unknown[],
  ): Promise<readonly Row[]> {
    try {
      return await this.send<Row>(statement, values);
    } catch (error) {
      throw postgresErrorOf((error as StatementFailure).reason, this.database);
    }
  }

  /**
   * Runs a statement like `rows`; throws a StatementFailure. No answer is waited for after `deadline`, a
   * time of the process's monotonic clock.
   */
  async send<Row extends readonly unknown[]>(
    { name, text }: NamedStatement,
    values: readonly unknown[],
    deadline = Number.POSITIVE_INFINITY,
  ): Promise<readonly Row[]> {
    const client = await this.connect();
    const patience = deadline - performance.now();
    if (patience < 1) {
      client.release();
      const failure = new LedgerUnavailable('ledger_unavailable', 'it is too late for a statement');
      throw new StatementFailure(failure, undefined);
    }
    try {
      const query = {
        name,
        text,
        values: [...values],
        rowMode: 'array' as const,
        ...(patience < this.answerTimeout ? { query_timeout: Math.floor(patience) } : {}),
      };
      const { rows } = await client.query<Row>(query);
      client.release();
      return rows;
    } catch (error) {
      // Every connection of the pool was prepared.
      const processId = this.processIds.get(client) as number;
      // What failed otherwise than by PostgreSQL's own word may be in any state.
      client.release(!isUndone(error));
      throw new StatementFailure(error, { processId, applicationName: this.applicationName });
    }
  }

  /** Ends all connections. */
  close(): Promise<void> {
    return this.pool.end();
  }

  /** The pool waits for what this returns, though its types do not say so. */
  private async prepare(
    client: pg.ClientBase,
    statementTimeout: number,
    required: RequiredTarget,
  ): Promise<void> {
    const session = await prepareSession(client, statementTimeout);
    refuseTarget(session, required, this.database);
    this.processIds.set(client, session.processId);
  }

  private async connect(): Promise<pg.PoolClient> {
    if (this.pool.ending) throw new StatementFailure(closed(), undefined);
    if (this.pool.waitingCount >= WAITING_READS_MAX) {
      const failure = new LedgerUnavailable('ledger_unavailable', 'too many reads are waiting');
      throw new StatementFailure(failure, undefined);
    }
    try {
      return await this.pool.connect();
    } catch (error) {
      throw new StatementFailure(error, undefined);
    }
  }
}

function closed(): LedgerUnavailable {
  return new LedgerUnavailable('ledger_unavailable', 'the ledger is closed');
}

/** What a session says of itself and of the database that it is in. */
interface Session {
  readonly processId: number;
  readonly isStandby: boolean;
  readonly isReadOnly: boolean;
}

/** Sets what every session is set to, and answers with what it is connected to. */
async function prepareSession(client: pg.ClientBase, statementTimeout: number): Promise<Session> {
  // What breaks a connection fails the statement that uses it.
  client.on('error', () => undefined);
  const results = [await client.query<Session>(sessionSettings(statementTimeout))].flat();
  const session = results.at(-1)?.rows[0];
  if (session !== undefined) return session;
  throw new LedgerUnavailable('ledger_unavailable', 'the database says nothing of its session');
}

/** Throws a LedgerUnavailable for a database that is not what it must be: a standby's answers are old. */
function refuseTarget(target: Session, required: RequiredTarget, database: string): void {
  if (required === 'any') return;
  const isRefused = target.isStandby || (required === 'writable' && target.isReadOnly);
  if (!isRefused) return;
  const why = target.isStandby ? 'it is a standby' : 'it is read-only';
  throw new LedgerUnavailable('read_only', `${database} cannot be written: ${why}`);
}

/** The database of a URL as a person may read it: without user, password and parameters. */
export function describeDatabase(url: string): string {
  return `the database ${databaseName(parsed(url))}`;
}

/** The role of a URL; undefined when it names none. */
export function roleOf(url: string): string | undefined {
  return decodeURIComponent(parsed(url).username) || undefined;
}

/** A connection can be told apart from those of other processes by its name. */
function withName(url: string, applicationName: string): string {
  const named = parsed(url);
  named.searchParams.set('application_name', applicationName);
  return named.href;
}

function parsed(url: string): URL {
  if (isPostgresUrl(url)) return new URL(url);
  // What it is cannot be told: it may hold a password.
  throw new LedgerUnavailable(
    'ledger_unavailable',
    'the URL of the database is none: it must be like postgres://user:password@host:5432/database, ' +
      'with special characters of the password percent-encoded',
  );
}
