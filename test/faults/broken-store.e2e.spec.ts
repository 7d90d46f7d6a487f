import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { checkHistory, type ViolationKind } from './checker.js';
import { type Clients, startClients } from './clients.js';
import { type FaultCluster, startCluster } from './cluster.js';
import { type Exchange, isRefreshed } from './history.js';

/** Nothing but the commits themselves makes a write durable, so that a broken commit is seen. */
const LAZY = { wal_writer_delay: '10s', wal_writer_flush_after: '1GB', wal_buffers: '16MB' };

/** Where families died, nothing succeeds any more. */
const isAnswered = ({ status = 500 }: Exchange): boolean => status < 500;

describe('the checker of histories', () => {
  let cluster: FaultCluster;
  let soundAppend: string;

  beforeAll(async () => {
    const environment = { TOKEN_LEDGER_SEAL_SECONDS: '3600' };
    cluster = await startCluster({ postgres: LAZY, environment });
    const [row] = await cluster.query<{ text: string }>(
      "SELECT pg_get_functiondef('ledger.append'::regproc) AS text",
    );
    soundAppend = row?.text ?? '';
  }, 60_000);
  afterAll(() => cluster?.remove());

  /** Replaces parts of the function that appends. */
  const breakAppend = async (...parts: readonly (readonly [string, string])[]): Promise<void> => {
    let broken = soundAppend;
    for (const [part, instead] of parts) {
      expect(broken).toContain(part);
      broken = broken.replace(part, instead);
    }
    await cluster.query(broken);
  };

  const violationsOf = async ({ history }: Clients): Promise<ReadonlySet<ViolationKind>> =>
    new Set(checkHistory(history, await cluster.events()).map(({ kind }) => kind));

  it('names what a store loses that answers before a commit is durable', async () => {
    const early = "BEGIN PERFORM set_config('synchronous_commit', 'off', true);\n";
    const clients = await startClients(cluster);
    await clients.until(20, isRefreshed);
    await breakAppend(['BEGIN\n', early]);
    await clients.until(100, isRefreshed);
    await cluster.postgres.stop();
    await clients.abandon();
    await cluster.postgres.start();
    expect(await violationsOf(clients)).toContain('acknowledged_lost');
  }, 60_000);

  it('names what becomes of families where nobody compares versions', async () => {
    // What these remember may have been lost.
    for (const node of cluster.nodes) {
      await node.kill();
      await node.start();
    }
    const clients = await startClients(cluster);
    await breakAppend(
      // What came of a decision stands only after twins, and nodes that read meanwhile, have decided.
      ['BEGIN\n', 'BEGIN PERFORM pg_sleep(0.1);\n'],
      [
        'WHERE coalesce(s.version, 0) <> n.version OR s.digest IS DISTINCT FROM n.digest',
        'WHERE false',
      ],
      [' AND s.version = p.before', ''],
    );
    await clients.until(200, isAnswered);
    await clients.abandon();
    const violations = await violationsOf(clients);
    expect(violations).toContain('generations_broken');
    expect(violations).toContain('not_dense');
    expect(violations).toContain('refused_without_cause');
    expect(await cluster.problems()).not.toEqual([]);
  }, 60_000);
});
