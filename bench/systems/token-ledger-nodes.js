// @ts-check
import { randomBytes } from 'node:crypto';
import { mkdirSync } from 'node:fs';
import path from 'node:path';
import { startNode, startTokenLedger } from './token-ledger.js';

const NODES = 3;

/**
 * Several servers on one PostgreSQL as one issuer, as docs/OPERATIONS.md tells to run several nodes. The
 * families are authorized at the first one.
 * @param {import('./system.js').StartOrder} order
 * @param {string} url
 * @returns {Promise<import('./system.js').RunningSystem>}
 */
export async function startNodes(order, url) {
  const settings = {
    TOKEN_LEDGER_DATABASE: url,
    TOKEN_LEDGER_MASTER_KEY: randomBytes(32).toString('base64url'),
  };
  const first = await startTokenLedger(order, settings);
  const issuer = new URL(first.families.endpoint).origin;
  const processes = [...first.processes];
  const nodes = [issuer];
  try {
    while (nodes.length < NODES) {
      const directory = path.join(order.directory, `node-${nodes.length}`);
      mkdirSync(directory);
      const node = { ...order, directory };
      const { server, origin } = await startNode(node, {
        ...settings,
        TOKEN_LEDGER_ISSUER: issuer,
      });
      processes.push(server);
      nodes.push(origin);
    }
  } catch (error) {
    await Promise.all(processes.map((server) => server.stop()));
    throw error;
  }
  return { processes, families: { ...first.families, nodes } };
}
