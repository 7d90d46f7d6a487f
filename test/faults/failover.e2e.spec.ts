import { afterEach, beforeEach, describe, it } from '@jest/globals';
import { openPostgresProxy, type PostgresProxy } from '../support/postgres-proxy.js';
import { type PostgresServer, startStandby } from '../support/postgres-server.js';
import { startClients } from './clients.js';
import { DURABLE, type FaultCluster, startCluster } from './cluster.js';
import { expectAnswered, expectKept, until } from './fault-stage.js';
import { isRefreshed, isUnavailable } from './history.js';

describe('a synchronous standby that is promoted', () => {
  let cluster: FaultCluster;
  /** The way of the standby to its primary. */
  let replication: PostgresProxy;
  let standby: PostgresServer;

  beforeEach(async () => {
    cluster = await startCluster();
    replication = await openPostgresProxy(cluster.postgres.url('postgres'));
    standby = await startStandby(cluster.postgres, DURABLE, replication.url);
    await until('the standby is synchronous', async () => {
      const [row] = await cluster.query<{ state: string }>(
        'SELECT sync_state AS state FROM pg_stat_replication',
      );
      return row?.state === 'sync';
    });
  }, 60_000);
  afterEach(async () => {
    await cluster?.remove();
    await replication?.close();
    await standby?.remove();
  });

  const cutOff = (): void => {
    replication.requests('hold');
    replication.answers('hold');
  };

  const failOver = async (): Promise<void> => {
    await cluster.postgres.stop('KILL');
    await standby.run('postgres', 'SELECT pg_promote()');
    cluster.moveTo(standby);
  };

  it('has everything that was acknowledged', async () => {
    const clients = await startClients(cluster);
    await clients.until(100, isRefreshed);
    clients.revoke(2);
    await failOver();
    await clients.until(50, isRefreshed);
    await expectKept(cluster, clients);
    expectAnswered(clients);
  }, 120_000);

  it('has it too when it was cut off before, and its primary went on alone', async () => {
    const clients = await startClients(cluster);
    await clients.until(50, isRefreshed);
    cutOff();
    await clients.until(12, isUnavailable);
    replication.requests('pass');
    replication.answers('pass');
    await clients.until(50, isRefreshed);
    cutOff();
    clients.revoke(2);
    // What waits for the standby is committed on the primary: ended, it is there for all to see.
    await until('an append waits for the standby', async () => {
      const ended = await cluster.query(`SELECT pg_terminate_backend(pid) FROM pg_stat_activity
        WHERE wait_event = 'SyncRep'`);
      return ended.length > 0;
    });
    await clients.until(12, isUnavailable);
    await failOver();
    await clients.until(50, isRefreshed);
    await expectKept(cluster, clients);
    expectAnswered(clients);
  }, 120_000);
});
