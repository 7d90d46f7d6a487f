import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { startClients } from './clients.js';
import { type FaultCluster, type FaultNode, startCluster } from './cluster.js';
import { expectAnswered, expectKept, sealedBy, until } from './fault-stage.js';
import { type Exchange, isRefreshed } from './history.js';

const HOUR = 3_600_000;
/**
 * What a node that stood still is asked of it long ago is only refused, as long as no more rotations
 * came since than a family remembers.
 */
const UNHURRIED = { families: 36, thinkTime: 3000, answerTimeout: 1000 };

describe('of three nodes, one', () => {
  let cluster: FaultCluster;

  beforeAll(async () => {
    cluster = await startCluster();
  }, 60_000);
  afterAll(() => cluster?.remove());

  const others = (one: FaultNode) => cluster.nodes.filter((node) => node !== one);

  const refreshedAt =
    (nodes: readonly FaultNode[]) =>
    (exchange: Exchange): boolean =>
      isRefreshed(exchange) && nodes.some(({ name }) => name === exchange.node);

  it('that is killed takes nothing with it that was acknowledged, and the others go on', async () => {
    const clients = await startClients(cluster);
    await clients.until(100, isRefreshed);
    for (const killed of cluster.nodes) {
      await killed.kill();
      clients.revoke(2);
      await clients.until(50, refreshedAt(others(killed)));
      await killed.start();
      await clients.until(20, refreshedAt([killed]));
    }
    await expectKept(cluster, clients);
  }, 120_000);

  it('that stands still leaves its sealing to another one, and repeats nothing afterwards', async () => {
    const sealedBefore = new Map(cluster.nodes.map((node) => [node, sealedBy(node).length]));
    const clients = await startClients(cluster, UNHURRIED);
    const sealerAmong = (nodes: readonly FaultNode[]): FaultNode | undefined =>
      nodes.find((node) => sealedBy(node).length > (sealedBefore.get(node) ?? 0));
    await until('a node seals', () => sealerAmong(cluster.nodes) !== undefined);
    const paused = sealerAmong(cluster.nodes) as FaultNode;
    paused.pause();
    clients.revoke(2);
    await until('another one seals', () => sealerAmong(others(paused)) !== undefined);
    await clients.until(20, isRefreshed);
    paused.resume();
    await clients.until(20, refreshedAt([paused]));
    await expectKept(cluster, clients);
    const sealed = cluster.nodes.flatMap(sealedBy);
    expect(new Set(sealed).size).toBe(sealed.length);
  }, 120_000);

  it('whose clock goes ahead and back again breaks no promise: who is behind waits', async () => {
    const clients = await startClients(cluster);
    const [early] = cluster.nodes;
    const isWaiting =
      (nodes: readonly FaultNode[]) =>
      ({ status, retryAfter, node }: Exchange): boolean =>
        status === 503 && retryAfter === 60 && nodes.some(({ name }) => name === node);
    await clients.until(50, isRefreshed);
    early.setClockAhead(HOUR);
    await clients.until(20, refreshedAt([early]));
    clients.revoke(2);
    await clients.until(20, isWaiting(others(early)));
    for (const node of others(early)) node.setClockAhead(HOUR);
    await clients.until(20, refreshedAt(others(early)));
    early.setClockAhead(0);
    await clients.until(20, isWaiting([early]));
    clients.revoke(2);
    early.setClockAhead(HOUR);
    await clients.until(20, refreshedAt([early]));
    // By the clock of a node that is an hour ahead, the window of a retry has passed.
    await expectKept(cluster, clients, ['refused_without_cause']);
    expectAnswered(clients);
  }, 120_000);
});
