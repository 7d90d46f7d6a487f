import type { Socket } from 'node:net';
import pg from 'pg';
import { DataSource, MigrationExecutor, type EntityManager } from 'typeorm';
import { CreatePostgresVault1764028800000 } from './create-postgres-vault.migration.js';
import { isBehind, type VaultDatabase } from './vault-database.js';
import { vaultEntities, type VaultTable } from './vault.entities.js';
import { READ_ONLY, VaultError } from './vault.errors.js';

const SCHEMA = 'vault';
/** Every schema that this version knows, oldest first. */
const MIGRATIONS = [CreatePostgresVault1764028800000];
const CONNECTIONS_MAX = 4;
/** For a connection, be it a new one or one that others use, in milliseconds. */
const CONNECT_TIMEOUT = 2000;
/** How long a transaction may stand still, in milliseconds: a node that is paused holds up no other. */
const IDLE_IN_TRANSACTION_MAX = 5000;
/** What the network may add to the time of a statement, in milliseconds. */
const ANSWER_DELAY_MAX = 1000;

/** A vault's database on a PostgreSQL server. */
class PostgresVaultDatabase implements VaultDatabase {
  constructor(
    readonly source: DataSource,
    readonly name: string,
  ) {}

  async eraseBoxes(table: VaultTable, column: string, id: string): Promise<void> {
    await this.source.query(`DELETE FROM ${SCHEMA}.${table} WHERE ${column} = $1`, [id]);
  }

  /**
   * Always true: there is nothing to be asked for again, as PostgreSQL overwrites nothing in its place.
   * The sealed bytes stay in the table's file until autovacuum has removed the dead row, which the oldest
   * transaction of the whole server can delay, and until something else is written in its room (`VACUUM
   * FULL` does both at once); in the write-ahead log until its segments are recycled; and in archived
   * log, standbys and backups as long as those are kept. None of it opens without the master key.
   */
  settleErasure(): Promise<boolean> {
    return Promise.resolve(true);
  }
}

/**
 * Opens the vault's database, made and brought to this version's schema if need be. Whatever it waits
 * for is bounded: `statementTimeout` is what a statement may take, in milliseconds. Throws a VaultError
 * for a schema of a newer version or a server that takes no writes, and otherwise the driver's error.
 */
export async function openPostgresVaultDatabase(
  url: string,
  name: string,
  statementTimeout: number,
): Promise<VaultDatabase> {
  const source = new DataSource({
    type: 'postgres',
    driver: pg,
    schema: SCHEMA,
    applicationName: 'token-ledger vault',
    connectTimeoutMS: CONNECT_TIMEOUT,
    poolSize: CONNECTIONS_MAX,
    // A connection lost while idle is replaced by the next statement that needs one.
    poolErrorHandler: () => undefined,
    installExtensions: false,
    entities: vaultEntities({ text: { type: 'text', collation: 'C' }, box: { type: 'bytea' } }),
    migrations: MIGRATIONS,
    logging: false,
    extra: poolConfigOf(url, statementTimeout),
  });
  await source.initialize();
  try {
    await refuseReadOnly(source, name);
    if (await isBehind(source, name)) {
      await source.transaction((manager) => migrate(manager, source, name));
    }
  } catch (error) {
    await source.destroy();
    throw error;
  }
  return new PostgresVaultDatabase(source, name);
}

/**
 * What every session is set to, by a statement: a proxy may refuse or drop what is asked for at its start.
 * An event names what was written here before: it must be as durable as the event.
 */
const sessionSettings = (statementTimeout: number): string =>
  `SET statement_timeout = ${statementTimeout}; SET synchronous_commit = on;
  SET idle_in_transaction_session_timeout = ${IDLE_IN_TRANSACTION_MAX}`;

function poolConfigOf(url: string, statementTimeout: number): pg.PoolConfig {
  const silenceMax = statementTimeout + ANSWER_DELAY_MAX;
  return {
    connectionString: url,
    idleTimeoutMillis: statementTimeout,
    // The pool waits for what this returns, though its types do not say so.
    onConnect: (client): unknown => {
      // A server that vanished answers nothing, not even a timeout: pg would wait for the network's.
      const socket = (client as pg.Client).connection.stream as Socket;
      socket.setTimeout(silenceMax, () => socket.destroy());
      return client.query(sessionSettings(statementTimeout));
    },
  };
}

/** Has every other transaction that makes, changes or grants the vault wait for the end of this one. */
export async function takeVaultLock(manager: EntityManager): Promise<void> {
  await manager.query(`SELECT pg_advisory_xact_lock(hashtextextended('token-ledger/vault', 0))`);
}

async function refuseReadOnly(source: DataSource, name: string): Promise<void> {
  const [setting] = await source.query<{ transaction_read_only: string }[]>(
    'SHOW transaction_read_only',
  );
  if (setting?.transaction_read_only === 'off') return;
  throw new VaultError(`the vault ${name} ${READ_ONLY}`);
}

/** One lock around all of it: a process that starts at the same time waits, then finds it done. */
async function migrate(manager: EntityManager, source: DataSource, name: string): Promise<void> {
  const { queryRunner } = manager;
  await takeVaultLock(manager);
  if (!(await isBehind(source, name, queryRunner))) return;
  // `CREATE SCHEMA IF NOT EXISTS` would ask for the right to create one even where it is there.
  if (!(await queryRunner?.hasSchema(SCHEMA))) await manager.query(`CREATE SCHEMA ${SCHEMA}`);
  const executor = new MigrationExecutor(source, queryRunner);
  executor.transaction = 'none';
  await executor.executePendingMigrations();
}
