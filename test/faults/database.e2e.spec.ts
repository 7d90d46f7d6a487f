import { setTimeout as wait } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import pg from 'pg';
import { APPEND } from '../../src/ledger/postgres/append-call.js';
import { startClients } from './clients.js';
import { type FaultCluster, startCluster } from './cluster.js';
import { expectAnswered, expectKept } from './fault-stage.js';
import { isRefreshed, isUnavailable } from './history.js';
import { mountSmallDisk, type SmallDisk } from './small-disk.js';

/** What a node may need more than before for the requests that it cannot serve, in bytes. */
const GROWTH_MAX = 128 * 1024 * 1024;
const ROUNDS = 15;
/** Ends connections of nodes, as an operator would. */
const END_CONNECTIONS = `SELECT pg_terminate_backend(pid) FROM pg_stat_activity
  WHERE application_name LIKE 'token-ledger %'`;

describe('nodes whose database', () => {
  let disk: SmallDisk | undefined;
  let cluster: FaultCluster;

  beforeAll(async () => {
    disk = await mountSmallDisk(160);
    cluster = await startCluster({ directory: disk?.directory });
  }, 60_000);
  afterAll(async () => {
    await cluster?.remove();
    await disk?.remove();
  });

  it('is killed say so until it is back, need no more memory, and have lost nothing', async () => {
    const clients = await startClients(cluster);
    await clients.until(100, isRefreshed);
    const residentBefore = cluster.nodes.map(({ residentBytes }) => residentBytes);
    await cluster.postgres.stop('KILL');
    clients.revoke(2);
    await clients.until(500, isUnavailable);
    for (const [index, { residentBytes }] of cluster.nodes.entries()) {
      expect(residentBytes - (residentBefore[index] ?? 0)).toBeLessThan(GROWTH_MAX);
    }
    await cluster.postgres.start();
    await clients.until(50, isRefreshed);
    await expectKept(cluster, clients);
    expectAnswered(clients);
  }, 120_000);

  it('breaks connections in the middle of commits find out what was committed', async () => {
    const clients = await startClients(cluster);
    await clients.until(50, isRefreshed);
    for (let round = 0; round < ROUNDS; round += 1) {
      await cluster.query(END_CONNECTIONS);
      await wait(50);
    }
    clients.revoke(2);
    for (let round = 0; round < ROUNDS; round += 1) {
      for (const { network } of cluster.nodes) {
        network.answers('break');
        await network.disturbed();
        network.answers('pass');
      }
    }
    for (let round = 0; round < ROUNDS; round += 1) {
      for (const { network } of cluster.nodes) {
        network.answers('break', APPEND.name);
        await network.disturbed();
        network.answers('pass');
      }
    }
    await clients.until(50, isRefreshed);
    await expectKept(cluster, clients);
    expectAnswered(clients);
  }, 120_000);

  it('cannot be reached say so until it can, and have lost nothing', async () => {
    const clients = await startClients(cluster);
    await clients.until(50, isRefreshed);
    for (const { network } of cluster.nodes) network.requests('hold');
    clients.revoke(2);
    await clients.until(12, isUnavailable);
    for (const { network } of cluster.nodes) network.requests('pass');
    await clients.until(50, isRefreshed);
    await expectKept(cluster, clients);
    expectAnswered(clients);
  }, 120_000);

  it('has no connection left say so until it has, and have lost nothing', async () => {
    const clients = await startClients(cluster);
    await clients.until(50, isRefreshed);
    const operator = new pg.Client({ connectionString: cluster.postgres.url('postgres') });
    await operator.connect();
    const taken: pg.Client[] = [];
    const enough = new AbortController();
    const exhausted = (async () => {
      while (!enough.signal.aborted) {
        const client = new pg.Client({ connectionString: cluster.settings.postgresUrl });
        client.on('error', () => undefined);
        await client.connect().then(
          () => taken.push(client),
          () => operator.query(END_CONNECTIONS),
        );
      }
    })();
    clients.revoke(2);
    try {
      await clients.until(100, isUnavailable);
    } finally {
      enough.abort();
      await exhausted;
      for (const client of [operator, ...taken]) await client.end();
    }
    await clients.until(50, isRefreshed);
    await expectKept(cluster, clients);
    expectAnswered(clients);
  }, 120_000);

  it('has no room left say so until it has, and have lost nothing', async () => {
    const clients = await startClients(cluster);
    await clients.until(50, isRefreshed);
    // The log of PostgreSQL itself keeps its room: it would end otherwise.
    await cluster.query('SELECT pg_switch_wal(); CHECKPOINT');
    await fill();
    clients.revoke(2);
    await clients.until(100, isUnavailable);
    expect(cluster.nodes.some(({ said }) => said.includes('disk of the database'))).toBe(true);
    await empty();
    await clients.until(50, isRefreshed);
    await expectKept(cluster, clients);
    expectAnswered(clients);
  }, 120_000);

  /** Where no disk could be mounted, PostgreSQL is made to say of its own that it is full. */
  const fill = async (): Promise<void> => {
    if (disk !== undefined) return disk.fill();
    await cluster.query(`CREATE FUNCTION full_disk() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN RAISE 'no space left on device' USING ERRCODE = 'disk_full'; END $$;
      CREATE TRIGGER full_disk BEFORE INSERT ON ledger.events EXECUTE FUNCTION full_disk()`);
  };

  const empty = async (): Promise<void> => {
    if (disk !== undefined) return disk.empty();
    await cluster.query('DROP TRIGGER full_disk ON ledger.events; DROP FUNCTION full_disk');
  };
});
