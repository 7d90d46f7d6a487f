import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { openSealsOf } from '../../src/cli/ledger-place.js';
import { readSettings } from '../../src/config/settings.js';
import {
  type BuiltServer,
  endProcesses,
  runBuilt,
  startBuilt,
  useBuild,
} from '../cli/built-processes.js';
import { newServerStore } from '../support/server-store.js';
import { sharedSettings } from './http-nodes.js';
import { type NodePlace, nodePlaces } from './node-places.js';

useBuild();
const newPlace = nodePlaces();
afterAll(endProcesses);

const PATIENCE = 20_000;

interface Node extends NodePlace {
  server: BuiltServer;
}

let nodes: readonly [Node, Node];

beforeAll(async () => {
  const store = await newServerStore();
  const shared = { ...sharedSettings(), TOKEN_LEDGER_SEAL_SECONDS: '1' };
  const startNode = async (): Promise<Node> => {
    const place = await newPlace(store, shared);
    return { ...place, server: await startBuilt(place) };
  };
  nodes = [await startNode(), await startNode()];
});

/** Appends something beside the nodes, and waits until it is sealed; which of them said so. */
async function sealedBy(...living: readonly Node[]): Promise<Node> {
  const [node = nodes[0]] = living;
  const { code } = await runBuilt('cli.js', ['client', 'create', '--preset', 'machine'], node);
  expect(code).toBe(0);
  const reads = await openSealsOf(readSettings(node.environment));
  const size = await reads.eventCount();
  await reads.close();
  const deadline = Date.now() + PATIENCE;
  for (;;) {
    const sealer = living.find(({ server }) =>
      sizesSealed(server).some((sealed) => sealed >= size),
    );
    if (sealer !== undefined) return sealer;
    if (Date.now() > deadline) throw new Error(`nobody has sealed ${size} events`);
    await pause(20);
  }
}

function sizesSealed({ said }: BuiltServer): number[] {
  const lines = said.stdout.matchAll(/"size":(\d+),"root":"[^"]+","msg":"sealed"/g);
  return [...lines].map(([, size]) => Number(size));
}

/** The notes in the checkpoint file of a node. */
function notesOf({ directory }: Node): string[] {
  const lines = readFileSync(join(directory, 'keys/data.checkpoints'), 'utf8').trim().split('\n');
  return lines.map((line) => (JSON.parse(line) as { note: string }).note);
}

describe('two nodes', () => {
  it('seal in turns: another one goes on when the one that sealed is killed', async () => {
    for (let round = 0; round < 2; round += 1) {
      const sealer = await sealedBy(...nodes);
      const heir = sealer === nodes[0] ? nodes[1] : nodes[0];
      await sealer.server.kill();
      expect(await sealedBy(heir)).toBe(heir);
      sealer.server = await startBuilt(sealer);
    }
  }, 120_000);

  it('write no two checkpoints that disagree, in the ledger or beside it', async () => {
    await sealedBy(...nodes);
    for (const { server } of nodes) await server.stop();
    const notes = nodes.flatMap(notesOf);
    const rootsBySize = new Map<string, Set<string>>();
    for (const note of notes) {
      const [origin, size, root = ''] = note.split('\n');
      const key = `${origin} ${size}`;
      rootsBySize.set(key, (rootsBySize.get(key) ?? new Set()).add(root));
    }
    expect([...rootsBySize.values()].filter((roots) => roots.size > 1)).toEqual([]);
    const newest = nodes.map((node) => notesOf(node).at(-1));
    for (const node of nodes) {
      const kept = join(node.directory, 'keys/data.checkpoints');
      for (const other of nodes) {
        const verified = await runBuilt('cli.js', ['verify', '--against', kept], other);
        expect(verified).toMatchObject({ code: 0, stderr: '' });
      }
    }
    expect(newest[0]).toBe(newest[1]);
  });
});
