import pg from 'pg';
import { DataSource } from 'typeorm';
import {
  POSTGRES_LEDGER_MIGRATIONS,
  postgresLedgerDataSourceOptions,
} from '../connection-options.js';
import { LedgerError, LedgerUnavailable } from '../ledger.errors.js';
import { RUNTIME_GRANTS } from '../migrations/postgres-1763856000000-create-ledger.js';
import { NODE_GRANTS } from '../migrations/postgres-1763942400000-add-nodes.js';
import { LOG_LOCK_CLASS } from '../migrations/postgres-append-function.js';
import { ANSWER_PATIENCE, CONNECT_TIMEOUT, describeDatabase } from './postgres-connection.js';
import { postgresErrorOf } from './postgres-errors.js';

/** The two numbers of the advisory lock under which one process makes the tables. */
const MIGRATION_LOCK = [LOG_LOCK_CLASS, -1];
/** How long others wait for it, and any statement here. In milliseconds. */
const MIGRATION_TIMEOUT = 60_000;
/** `pg_terminate_backend` waits for the end since this version. */
const SERVER_VERSION_MIN = 14;

/** Whether a role owns the schema or anything in it. */
const OWNED_BY = `SELECT FROM pg_catalog.pg_roles r JOIN pg_catalog.pg_namespace n ON n.nspname = 'ledger'
  WHERE r.rolname = $1 AND (n.nspowner = r.oid
    OR EXISTS (SELECT FROM pg_catalog.pg_class c WHERE c.relnamespace = n.oid AND c.relowner = r.oid)
    OR EXISTS (SELECT FROM pg_catalog.pg_proc p WHERE p.pronamespace = n.oid AND p.proowner = r.oid))`;

/** Who prepares the tables, and for whom. */
export interface SchemaPreparation {
  /** Of the role that owns the tables, or is to own them. */
  readonly ownerUrl: string;
  /** The role that serves requests, when it is another one. */
  readonly runtimeRole: string | undefined;
  /** Whether tables may be made or brought up to date. */
  readonly mayMigrate: boolean;
}

/**
 * Sees to it that the ledger's tables are there as this version knows them; processes that do so at
 * once wait for each other. Throws a LedgerError, `schema_newer` for tables of a newer version.
 */
export async function prepareSchema(preparation: SchemaPreparation): Promise<void> {
  const { ownerUrl, runtimeRole } = preparation;
  await asOwner(ownerUrl, async (client, database) => {
    const isReady = await isMigrated(client, database);
    if (isReady && runtimeRole === undefined) return;
    if (!isReady && !preparation.mayMigrate) {
      throw new LedgerUnavailable(
        'ledger_unavailable',
        `${database} has no ledger of this version: start the server first`,
      );
    }
    await client.query('SELECT pg_advisory_lock($1, $2)', MIGRATION_LOCK);
    if (!(await isMigrated(client, database))) {
      await refuseForeignTables(client, database);
      await client.query('CREATE SCHEMA IF NOT EXISTS ledger');
      await migrate(ownerUrl);
    }
    if (runtimeRole !== undefined) await grant(client, runtimeRole);
  });
}

/** Works on a connection of a URL's own, to a server that is new enough. Throws a LedgerError. */
async function asOwner(
  url: string,
  work: (client: pg.Client, database: string) => Promise<void>,
): Promise<void> {
  const database = describeDatabase(url);
  const client = new pg.Client({
    connectionString: url,
    connectionTimeoutMillis: CONNECT_TIMEOUT,
    query_timeout: MIGRATION_TIMEOUT + ANSWER_PATIENCE,
  });
  // What breaks the connection fails the statement that uses it.
  client.on('error', () => undefined);
  try {
    await client.connect();
    // Or the backend would go on waiting when nobody waits for it any more.
    await client.query(`SET statement_timeout = ${MIGRATION_TIMEOUT}`);
    await expectServerVersion(client, database);
    await work(client, database);
  } catch (error) {
    throw postgresErrorOf(error, database);
  } finally {
    await client.end();
  }
}

/**
 * Makes the schema in which TypeORM's command line keeps its own table, where there is none. Throws a
 * LedgerError.
 */
export async function makeLedgerSchema(ownerUrl: string): Promise<void> {
  await asOwner(ownerUrl, async (client) => {
    const { rows } = await client.query("SELECT 1 WHERE to_regnamespace('ledger') IS NULL");
    if (rows.length > 0) await client.query('CREATE SCHEMA IF NOT EXISTS ledger');
  });
}

async function expectServerVersion(client: pg.Client, database: string): Promise<void> {
  const { rows } = await client.query<{ version: number }>(
    "SELECT current_setting('server_version_num')::integer / 10000 AS version",
  );
  const version = rows[0]?.version ?? 0;
  if (version >= SERVER_VERSION_MIN) return;
  throw new LedgerUnavailable(
    'ledger_unavailable',
    `${database} is PostgreSQL ${version}; the ledger needs ${SERVER_VERSION_MIN} or newer`,
  );
}

/** Whether all our migrations were made. Throws `schema_newer` when one is none of ours. */
async function isMigrated(client: pg.Client, database: string): Promise<boolean> {
  const table = await client.query<{ found: boolean }>(
    "SELECT to_regclass('ledger.migrations') IS NOT NULL AS found",
  );
  if (table.rows[0]?.found !== true) return false;
  const { rows } = await client.query<{ name: string }>('SELECT name FROM ledger.migrations');
  const known = new Set<string>(POSTGRES_LEDGER_MIGRATIONS.map((migration) => migration.name));
  const unknown = rows.find(({ name }) => !known.has(name));
  if (unknown !== undefined) {
    throw new LedgerError(
      'schema_newer',
      `${database} was written by a newer version (${unknown.name}); start that version instead`,
    );
  }
  return rows.length === known.size;
}

/** What another program keeps in a schema of the same name would stop a migration half way. */
async function refuseForeignTables(client: pg.Client, database: string): Promise<void> {
  const { rows } = await client.query(
    `SELECT FROM pg_class WHERE relnamespace = to_regnamespace('ledger')
       AND to_regclass('ledger.migrations') IS NULL LIMIT 1`,
  );
  if (rows.length === 0) return;
  throw new LedgerUnavailable(
    'ledger_unavailable',
    `${database} has tables in its schema ledger that are of another program: give an empty database`,
  );
}

async function migrate(ownerUrl: string): Promise<void> {
  const source = new DataSource(postgresLedgerDataSourceOptions(ownerUrl));
  await source.initialize();
  try {
    await source.runMigrations();
  } finally {
    await source.destroy();
  }
}

/** All that a role can have been given by hand, of the schema and of what is in it. */
const EVERY_RIGHT = [
  'ALL ON SCHEMA ledger',
  'ALL ON ALL TABLES IN SCHEMA ledger',
  'ALL ON ALL SEQUENCES IN SCHEMA ledger',
  'ALL ON ALL ROUTINES IN SCHEMA ledger',
];

/**
 * Gives a role the rights that it needs and takes back all others, with what it passed on, at once: who
 * serves meanwhile lacks none of them. From an owner nothing is taken: it would lose what nobody gave.
 */
async function grant(client: pg.Client, runtimeRole: string): Promise<void> {
  const role = client.escapeIdentifier(runtimeRole);
  const owned = await client.query(OWNED_BY, [runtimeRole]);
  const taken = owned.rows.length > 0 ? [] : EVERY_RIGHT;
  const given = [...RUNTIME_GRANTS, ...NODE_GRANTS];
  const statements = [
    ...taken.map((right) => `REVOKE ${right} FROM ${role} CASCADE`),
    ...given.map((right) => `GRANT ${right} TO ${role}`),
  ];
  // Statements that are sent together are one transaction.
  await client.query(statements.join(';'));
}
