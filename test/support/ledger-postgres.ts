import { randomBytes } from 'node:crypto';
import pg from 'pg';
import type { Ledger } from '../../src/ledger/ledger.port.js';
import {
  type OpenPostgresLedger,
  openPostgresLedger,
} from '../../src/ledger/postgres/open-postgres-ledger.js';
import type { PostgresLedger } from '../../src/ledger/postgres/postgres-ledger.js';
import { openPostgresSource } from '../../src/ledger/postgres/postgres-ledger.source.js';
import { expectSourceIntact, type LedgerStore, settableClock } from './ledger-store.js';
import type { PostgresServer } from './postgres-server.js';

/** A throw-away ledger on PostgreSQL: where it is, besides what every store has. */
export interface PostgresLedgerStore extends LedgerStore {
  readonly ledger: PostgresLedger;
  /** As the role that serves requests, which owns nothing. */
  readonly url: string;
  readonly ownerUrl: string;
  /** Opens another way into the ledger, closed with the store. */
  open(options?: Partial<OpenPostgresLedger>): Promise<PostgresLedger>;
  /** Runs statements as the owner, past the ledger; answers with the rows of the last one. */
  query<Row extends object>(sql: string): Promise<readonly Row[]>;
}

/** What a server has for throw-away ledgers. */
interface Premises {
  /** Databases whose ledger was removed: to make one costs more than all that a test does in it. */
  readonly emptyDatabases: string[];
  /** The role that serves requests. */
  readonly role: { readonly name: string; readonly password: string };
}

const premisesOf = new Map<PostgresServer, Promise<Premises>>();

/** Makes what throw-away ledgers share on a server: a role, and databases that were used before. */
async function makePremises(server: PostgresServer): Promise<Premises> {
  const role = { name: 'runtime', password: randomBytes(16).toString('hex') };
  await server.run('postgres', `CREATE ROLE ${role.name} LOGIN PASSWORD '${role.password}'`);
  return { emptyDatabases: [], role };
}

/** An empty database of a server, for a role that serves requests; to be given back. */
export async function takeDatabase(server: PostgresServer) {
  const premises = premisesOf.get(server) ?? makePremises(server);
  premisesOf.set(server, premises);
  const { emptyDatabases, role } = await premises;
  const database = emptyDatabases.pop() ?? (await server.createDatabase());
  return {
    url: server.url(database, role),
    ownerUrl: server.url(database),
    giveBack: async () => {
      await server.run(database, 'DROP SCHEMA IF EXISTS ledger CASCADE');
      emptyDatabases.push(database);
    },
  };
}

/** Opens an empty throw-away ledger in a database of its own. */
export async function openPostgresStore(server: PostgresServer): Promise<PostgresLedgerStore> {
  const { url, ownerUrl, giveBack } = await takeDatabase(server);
  const clock = settableClock();
  const opened: Ledger[] = [];
  const open = async (options: Partial<OpenPostgresLedger> = {}): Promise<PostgresLedger> => {
    const ledger = await openPostgresLedger({ url, mayMigrate: false, clock, ...options });
    opened.push(ledger);
    return ledger;
  };
  const query = <Row extends object>(sql: string) => queryDatabase<Row>(ownerUrl, sql);
  return {
    ledger: await open({ ownerUrl, mayMigrate: true }),
    clock,
    url,
    ownerUrl,
    open,
    query,
    openAnother: () => open(),
    setEpoch: async (epoch) => {
      await query(`ALTER TABLE ledger.logs DISABLE TRIGGER logs_refuse_change;
        UPDATE ledger.logs SET epoch = ${epoch};
        ALTER TABLE ledger.logs ENABLE TRIGGER logs_refuse_change`);
    },
    expectIntact: async () => expectSourceIntact(await openPostgresSource(url)),
    remove: async () => {
      for (const one of opened) await one.close();
      await giveBack();
    },
  };
}

/** Runs statements on a database; answers with the rows of the last one. */
export async function queryDatabase<Row extends object>(
  url: string,
  sql: string,
): Promise<readonly Row[]> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    const results = [await client.query<Row>(sql)].flat();
    return results.at(-1)?.rows ?? [];
  } finally {
    await client.end();
  }
}
