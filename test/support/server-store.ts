import { execFileSync, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { cpSync, rmSync } from 'node:fs';
import Database from 'better-sqlite3';
import pg from 'pg';
import { type LedgerPlace, openSourceOf } from '../../src/cli/ledger-place.js';
import type { Settings } from '../../src/config/settings.js';
import type { Instant } from '../../src/domain/identifiers.js';
import type { Ledger } from '../../src/ledger/ledger.port.js';
import { openPostgresLedger } from '../../src/ledger/postgres/open-postgres-ledger.js';
import { openSqliteLedger } from '../../src/ledger/sqlite/open-sqlite-ledger.js';
import { verifyLedger } from '../../src/ledger/verification/verify-ledger.js';
import { vaultFileOf } from '../../src/vault/vault-file.js';
import { placesOf } from './file-search.js';
import { tamper } from './ledger-tampering.js';

/**
 * Whether the servers of this file keep ledger and vault in PostgreSQL: in one of the two projects of
 * jest.config.js they do, and everything else in it is the same.
 */
export const isOnPostgres = 'isOnPostgres' in globalThis;

/** Declares tests of what only a data directory with all data in it has. */
export function onlyOnSqlite(declare: () => void): void {
  if (!isOnPostgres) declare();
}

/** What is stored of an event, as far as tests look at it. */
export interface StoredEvent {
  readonly type: string;
  readonly streamId: string;
  readonly correlationId: string;
  readonly data: Readonly<Record<string, unknown>>;
}

/** An empty place for the ledger and the vault of one server, or of several. */
export interface ServerStore {
  /** The settings that name it; none where all is in the data directory. */
  readonly environment: Readonly<Record<string, string>>;
  /** Removes it, whoever still is connected to it. */
  remove(): Promise<void>;
}

/** Makes an empty place for what servers keep. */
export async function newServerStore(): Promise<ServerStore> {
  if (!isOnPostgres) return { environment: {}, remove: () => Promise.resolve() };
  const database = `test_${randomBytes(6).toString('hex')}`;
  await query(ownerUrl('postgres'), `CREATE DATABASE ${database}`);
  const environment = {
    TOKEN_LEDGER_DATABASE: urlOf('TEST_POSTGRES_RUNTIME', database),
    TOKEN_LEDGER_DATABASE_OWNER: ownerUrl(database),
  };
  const remove = async (): Promise<void> => {
    await query(ownerUrl('postgres'), `DROP DATABASE ${database} WITH (FORCE)`);
  };
  return { environment, remove };
}

/** Everything that a verification of the whole ledger finds wrong. */
export async function problemsIn(place: LedgerPlace): Promise<readonly object[]> {
  const source = await openSourceOf(place);
  try {
    return (await verifyLedger(source)).problems;
  } finally {
    await source.close();
  }
}

/** The events of a ledger as they are stored, oldest first, past any server: all, or those of a type. */
export async function storedEvents(place: LedgerPlace, type?: string): Promise<StoredEvent[]> {
  const wanted = type === undefined ? '' : `WHERE type = '${type}'`;
  const statement = `SELECT body FROM events ${wanted} ORDER BY position`;
  const bodies = await (place.postgresUrl === undefined
    ? columnInFile<string>(place.ledgerFile, statement)
    : columnInDatabase<string>(place.postgresUrl, `SET search_path = ledger; ${statement}`));
  return bodies.map((body) => JSON.parse(body) as StoredEvent);
}

function columnInFile<Value>(file: string, statement: string): Value[] {
  const handle = new Database(file, { readonly: true });
  try {
    return handle.prepare<[], Value>(statement).pluck().all();
  } finally {
    handle.close();
  }
}

async function columnInDatabase<Value>(url: string, statements: string): Promise<Value[]> {
  const rows: object[] = (await query(url, statements)).at(-1)?.rows ?? [];
  return rows.map((row) => Object.values(row)[0] as Value);
}

/**
 * Changes the tables of a ledger as its owner could, in a process of its own. Answers with how many rows
 * the statement changed.
 */
export async function changeTables(place: LedgerPlace, statement: string): Promise<number> {
  if (place.postgresUrl !== undefined) {
    const url = ownerUrl(databaseOf(place.postgresUrl));
    const results = await query(url, `SET search_path = ledger; ${statement}`);
    return results.at(-1)?.rowCount ?? 0;
  }
  const script = `
    const database = new (require('better-sqlite3'))(process.argv[1]);
    process.stdout.write(String(database.prepare(process.argv[2]).run().changes));
    database.close();
  `;
  const words = ['-e', script, place.ledgerFile, statement];
  return Number(execFileSync(process.execPath, words, { encoding: 'utf8' }));
}

/** Changes the tables of a ledger as somebody could who is not kept from it by any trigger. */
export async function tamperTables(place: LedgerPlace, statements: string): Promise<void> {
  if (place.postgresUrl === undefined) {
    tamper(place.ledgerFile, (database) => void database.exec(statements));
    return;
  }
  const url = ownerUrl(databaseOf(place.postgresUrl));
  await query(
    url,
    `SET session_replication_role = replica; SET search_path = ledger; ${statements}`,
  );
}

/** What a store held once. */
export interface StoreCopy {
  /** Makes the store what it was then. No server has it open. */
  putBack(): Promise<void>;
}

/** Copies a store that no server has open, as an operator backs it up. */
export async function copyStore({
  dataDirectory,
  postgresUrl,
}: Pick<Settings, 'dataDirectory' | 'postgresUrl'>): Promise<StoreCopy> {
  if (postgresUrl === undefined) {
    const backup = `${dataDirectory}-${randomBytes(6).toString('hex')}`;
    cpSync(dataDirectory, backup, { recursive: true });
    return {
      putBack: () => {
        rmSync(dataDirectory, { recursive: true });
        cpSync(backup, dataDirectory, { recursive: true });
        return Promise.resolve();
      },
    };
  }
  const database = databaseOf(postgresUrl);
  const backup = `copy_${randomBytes(6).toString('hex')}`;
  const server = ownerUrl('postgres');
  await query(server, `CREATE DATABASE ${backup} TEMPLATE ${database}`);
  return {
    putBack: async () => {
      await query(server, `DROP DATABASE ${database} WITH (FORCE)`);
      await query(server, `CREATE DATABASE ${database} TEMPLATE ${backup}`);
    },
  };
}

/** Keeps others from using a ledger, as a process of its own that stands still, until it lets go. */
export async function holdLedger(place: LedgerPlace): Promise<{ letGo(): Promise<void> }> {
  if (place.postgresUrl !== undefined) {
    const client = new pg.Client({ connectionString: ownerUrl(databaseOf(place.postgresUrl)) });
    await client.connect();
    await client.query('BEGIN; LOCK TABLE ledger.streams');
    return { letGo: () => client.end() };
  }
  const script = `
    const database = new (require('better-sqlite3'))(process.argv[1]);
    database.exec('BEGIN IMMEDIATE');
    process.stdout.write('held');
    process.stdin.once('data', () => { database.exec('ROLLBACK'); process.exit(0); });
  `;
  const holder = spawn(process.execPath, ['-e', script, place.ledgerFile]);
  const exited = once(holder, 'exit');
  await once(holder.stdout, 'data');
  return {
    letGo: async () => {
      holder.stdin.write('let go');
      await exited;
    },
  };
}

/** Opens a ledger beside its server, with another clock. */
export function openWithClock(
  settings: Pick<Settings, 'dataDirectory' | 'ledgerFile' | 'postgresUrl'>,
  clock: () => Instant,
): Promise<Ledger> {
  const { postgresUrl: url } = settings;
  return url === undefined
    ? openSqliteLedger({ settings, role: 'command_line', clock })
    : openPostgresLedger({ url, mayMigrate: false, clock });
}

/** What a table of a vault keeps of people and has not erased. */
export async function sealedInVault(
  { dataDirectory, postgresUrl }: Pick<Settings, 'dataDirectory' | 'postgresUrl'>,
  table: 'password_hashes' | 'profiles' | 'verdict_notes',
): Promise<readonly Buffer[]> {
  const statement = `SELECT sealed FROM ${table}`;
  const sealed = await (postgresUrl === undefined
    ? columnInFile<Buffer>(vaultFileOf(dataDirectory), statement)
    : columnInDatabase<Buffer>(postgresUrl, `SET search_path = vault; ${statement}`));
  return sealed.filter((bytes) => bytes.some((byte) => byte !== 0));
}

/** Where these texts stand: in which files of the data directory, and in which tables of the database. */
export async function placesInStore(
  { dataDirectory, postgresUrl }: Pick<Settings, 'dataDirectory' | 'postgresUrl'>,
  texts: readonly string[],
): Promise<readonly string[]> {
  const inFiles = placesOf(dataDirectory, texts);
  if (postgresUrl === undefined) return inFiles;
  const url = ownerUrl(databaseOf(postgresUrl));
  const tables = await columnInDatabase<string>(
    url,
    `SELECT schemaname || '.' || tablename FROM pg_tables WHERE schemaname IN ('ledger', 'vault')`,
  );
  const inTables = await Promise.all(
    tables.map(async (table) => {
      const rows = await columnInDatabase<string>(url, `SELECT t::text FROM ${table} t`);
      return texts
        .filter((text) => rows.some((row) => row.includes(text)))
        .map((text) => `${text} in ${table}`);
    }),
  );
  return [...inFiles, ...inTables.flat()];
}

function databaseOf(url: string): string {
  return new URL(url).pathname.slice(1);
}

function ownerUrl(database: string): string {
  return urlOf('TEST_POSTGRES_OWNER', database);
}

function urlOf(variable: string, database: string): string {
  const url = new URL(process.env[variable] ?? '');
  url.pathname = database;
  return url.href;
}

/** Runs statements; answers with what came of each of them. */
async function query(url: string, statements: string): Promise<readonly pg.QueryResult[]> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    return [await client.query(statements)].flat();
  } finally {
    await client.end();
  }
}
