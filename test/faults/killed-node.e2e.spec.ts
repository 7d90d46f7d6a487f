import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { checkHistory } from './checker.js';
import { startClients } from './clients.js';
import { type FaultCluster, startCluster } from './cluster.js';
import { isRefreshed } from './history.js';

describe('a node that is killed', () => {
  let cluster: FaultCluster;

  beforeAll(async () => {
    cluster = await startCluster();
  }, 60_000);
  afterAll(() => cluster?.remove());

  it('takes nothing with it that was acknowledged, and the others go on', async () => {
    const clients = await startClients(cluster);
    await clients.until(100, isRefreshed);
    for (const node of cluster.nodes) {
      await node.kill();
      clients.revoke(2);
      await clients.until(50, (exchange) => isRefreshed(exchange) && exchange.node !== node.name);
      await node.start();
      await clients.until(20, (exchange) => isRefreshed(exchange) && exchange.node === node.name);
    }
    await clients.stop();
    expect(checkHistory(clients.history, await cluster.events())).toEqual([]);
    expect(await cluster.problems()).toEqual([]);
  }, 120_000);
});
