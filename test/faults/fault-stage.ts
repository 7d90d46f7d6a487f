import { setTimeout as wait } from 'node:timers/promises';
import { expect } from '@jest/globals';
import { checkAnswers, checkHistory, type ViolationKind } from './checker.js';
import type { Clients } from './clients.js';
import type { FaultCluster, FaultNode } from './cluster.js';

/** A node answers within this time, whatever its database does (docs/OPERATIONS.md). In milliseconds. */
const ANSWER_BOUND = 15_000;
/** What takes longer than this does not happen, in milliseconds. */
const PATIENCE = 30_000;

/**
 * Lets clients finish. Fails the test unless the history and the ledger keep every promise, but for
 * those that a fault is allowed to break.
 */
export async function expectKept(
  cluster: FaultCluster,
  clients: Clients,
  allowed: readonly ViolationKind[] = [],
): Promise<void> {
  await clients.stop();
  const violations = checkHistory(clients.history, await cluster.events());
  expect(violations.filter(({ kind }) => !allowed.includes(kind))).toEqual([]);
  expect(await cluster.problems()).toEqual([]);
}

/** Fails the test unless nodes that all lived answered everything in time, if only that it is no time. */
export function expectAnswered({ history }: Clients): void {
  expect(checkAnswers(history, ANSWER_BOUND)).toEqual([]);
}

/** Waits for a condition. Throws when it does not come true. */
export async function until(what: string, isTrue: () => boolean | Promise<boolean>): Promise<void> {
  const deadline = performance.now() + PATIENCE;
  while (!(await isTrue())) {
    if (performance.now() > deadline) throw new Error(`not so: ${what}`);
    await wait(50);
  }
}

/** The sizes of the checkpoints that a node has sealed since it was started. */
export function sealedBy({ said }: FaultNode): readonly number[] {
  return said
    .split('\n')
    .filter((line) => line.includes('"msg":"sealed"'))
    .map((line) => (JSON.parse(line) as { readonly size: number }).size);
}
