import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { openPostgresNodes } from '../../../src/ledger/postgres/postgres-nodes.js';
import {
  openPostgresSealing,
  type PostgresSealStore,
} from '../../../src/ledger/postgres/postgres-seal.store.js';
import { CheckpointFile } from '../../../src/ledger/sealing/checkpoint-file.js';
import { LeasedSealer } from '../../../src/ledger/sealing/leased-sealer.js';
import { Sealer } from '../../../src/ledger/sealing/sealer.js';
import type { SealedCheckpoint } from '../../../src/ledger/seals.port.js';
import { verifyLedger } from '../../../src/ledger/verification/verify-ledger.js';
import { openPostgresSource } from '../../../src/ledger/postgres/postgres-ledger.source.js';
import { openPostgresStore, type PostgresLedgerStore } from '../../support/ledger-postgres.js';
import { usePostgres } from '../../support/postgres-of-file.js';
import { growLedger, nameTheKey, signer } from './sealed-ledger.js';

const server = usePostgres();
/** A lease of sealing as long as it may be at least, in milliseconds. */
const INTERVAL = 1000;
const COPIED = ['events', 'streams', 'directory_version', 'tiles', 'checkpoints'];

let store: PostgresLedgerStore;
let directory: string;
let opened: { close(): Promise<void> }[];

beforeEach(async () => {
  store = await openPostgresStore(server());
  directory = mkdtempSync(join(tmpdir(), 'token-ledger-nodes-'));
  opened = [];
});

afterEach(async () => {
  for (const one of opened) await one.close();
  rmSync(directory, { recursive: true });
  try {
    await nameTheKey(store.ledger, store.ledger);
    await store.expectIntact();
  } finally {
    await store.remove();
  }
});

/** A node that seals when it is its turn, with a checkpoint file of its own. */
interface SealingNode {
  readonly turn: LeasedSealer;
  readonly sealer: Sealer;
  readonly seals: PostgresSealStore;
  readonly file: CheckpointFile;
  readonly sealed: SealedCheckpoint[];
}

function sealingNode(name: string): SealingNode {
  const { store: seals, lease } = openPostgresSealing(store.url, INTERVAL);
  const file = new CheckpointFile(join(directory, `${name}.checkpoints`));
  const sealed: SealedCheckpoint[] = [];
  const observer = { sealed: (checkpoint: SealedCheckpoint) => sealed.push(checkpoint) };
  const sealer = new Sealer({ store: seals, file, signer, observer });
  const turn = new LeasedSealer(sealer, lease);
  opened.push(turn);
  return { turn, sealer, seals, file, sealed };
}

const grow = (events: number): Promise<void> => growLedger(store.ledger, events);

describe('sealing on PostgreSQL', () => {
  it('covers every event with tiles and checkpoints that a verification finds right', async () => {
    const { turn, seals, file } = sealingNode('a');
    await grow(300);
    await nameTheKey(store.ledger, seals);
    while (await turn.seal());
    const newest = await seals.newestCheckpoint();
    expect(newest).toMatchObject({ size: 301, epoch: 0 });
    expect((await seals.fullTile(0, 0))?.length).toBe(8192);
    expect(await seals.fullTile(0, 1)).toBeUndefined();
    expect(await seals.checkpointAbove(0, 300)).toEqual(newest);
    expect(file.last()?.note).toBe(newest?.note);
    const source = await openPostgresSource(store.url);
    try {
      const report = await verifyLedger(source, { checkpointFile: file.path });
      expect(report).toMatchObject({ ok: true, sealed: 301, problems: [] });
    } finally {
      await source.close();
    }
  });

  it('is done by one node; the others repeat in their files what it sealed', async () => {
    const [first, second] = [sealingNode('first'), sealingNode('second')];
    await grow(3);
    await first.turn.seal();
    await grow(2);
    await second.turn.seal();
    expect(first.sealed.map(({ size }) => size)).toEqual([3]);
    expect(second.sealed).toEqual([]);
    expect(second.file.last()?.note).toBe(first.sealed[0]?.note);
  });

  it('moves to another node when its node lets go, and goes on from there', async () => {
    const [first, second] = [sealingNode('first'), sealingNode('second')];
    await grow(3);
    await first.turn.seal();
    await first.turn.close();
    opened = opened.filter((one) => one !== first.turn);
    await grow(2);
    await second.turn.seal();
    expect(second.sealed.map(({ size }) => size)).toEqual([5]);
  });

  it.each([
    ['has ended without a word', "- interval '1 ms'"],
    ['was taken before the clock of the database was set back', "+ interval '30 min'"],
  ])('moves to another node when its lease %s', async (_when, end) => {
    const [first, second] = [sealingNode('first'), sealingNode('second')];
    await grow(1);
    await first.turn.seal();
    await store.query(`UPDATE ledger.leases SET expires_at = clock_timestamp() ${end}`);
    await grow(1);
    await second.turn.seal();
    await first.turn.seal();
    expect(second.sealed.map(({ size }) => size)).toEqual([2]);
    expect(first.sealed.map(({ size }) => size)).toEqual([1]);
  });

  it('takes the faster one of two that seal at once, and never both', async () => {
    const nodes = [sealingNode('first'), sealingNode('second'), sealingNode('third')];
    for (let round = 0; round < 10; round += 1) {
      await grow(30);
      await Promise.all(nodes.map(({ sealer }) => sealer.seal()));
    }
    for (const { sealer } of nodes) while (await sealer.seal());
    const sizes = nodes.flatMap(({ sealed }) => sealed.map(({ size }) => size));
    expect(new Set(sizes).size).toBe(sizes.length);
    expect(Math.max(...sizes)).toBe(300);
  });

  it('stops at an older copy that is put back while nodes run, and files nothing of it', async () => {
    const nodes = [sealingNode('first'), sealingNode('second')];
    await grow(50);
    await nameTheKey(store.ledger, nodes[0]!.seals);
    for (const { turn } of nodes) await turn.seal();
    await store.query(
      `CREATE SCHEMA copy; ${COPIED.map(
        (table) => `CREATE TABLE copy.${table} AS SELECT * FROM ledger.${table}`,
      ).join(';')}`,
    );
    await grow(50);
    for (const { turn } of nodes) await turn.seal();
    const filed = nodes.map(({ file }) => file.last()?.note);
    await store.query(
      `SET session_replication_role = replica; ${COPIED.map(
        (table) =>
          `DELETE FROM ledger.${table}; INSERT INTO ledger.${table} SELECT * FROM copy.${table}`,
      ).join(';')}; DROP SCHEMA copy CASCADE`,
    );
    const refused = { code: 'ledger_rolled_back', message: expect.stringContaining('old copy') };
    for (const { turn } of nodes) await expect(turn.seal()).rejects.toMatchObject(refused);
    // Another ledger than that of before, which has as many events again.
    const anew = await store.open();
    await growLedger(anew, 60);
    for (const { turn } of nodes) {
      await expect(turn.seal()).rejects.toMatchObject({ code: 'ledger_rolled_back' });
    }
    expect(nodes.map(({ file }) => file.last()?.note)).toEqual(filed);
  });

  it('refuses a seal on a base that is not the newest checkpoint, or of another epoch', async () => {
    const { sealer, seals } = sealingNode('a');
    await grow(1);
    await sealer.seal();
    const newest = await seals.newestCheckpoint();
    if (newest === undefined) throw new Error('nothing was sealed');
    const next = { ...newest, size: newest.size + 1 };
    expect(await seals.append(undefined, { tiles: [], checkpoint: next })).toBe(false);
    const later = { ...next, epoch: 1 };
    expect(await seals.append(newest, { tiles: [], checkpoint: later })).toBe(false);
    expect(await seals.newestCheckpoint()).toEqual(newest);
  });
});

describe('the nodes of a ledger', () => {
  const alike = { TOKEN_LEDGER_ISSUER: 'https://auth.example', TOKEN_LEDGER_CODE_SECONDS: 60_000 };

  function node(settings: Record<string, string | number>) {
    const nodes = openPostgresNodes(store.url, settings);
    opened.push(nodes);
    return nodes;
  }

  it('join each other when they were told the same', async () => {
    await node(alike).joinOrRefuse();
    await expect(node(alike).joinOrRefuse()).resolves.toBeUndefined();
  });

  it('refuse one that was told otherwise, by the name of the setting', async () => {
    await node(alike).joinOrRefuse();
    const other = node({ ...alike, TOKEN_LEDGER_CODE_SECONDS: 30_000 });
    await expect(other.joinOrRefuse()).rejects.toThrow(
      'another node of this ledger has another TOKEN_LEDGER_CODE_SECONDS: nodes must be told the same',
    );
    await expect(node(alike).joinOrRefuse()).resolves.toBeUndefined();
  });

  it('do not count when they left, or were not seen for half a minute', async () => {
    const [left, dead] = [node(alike), node(alike)];
    await left.joinOrRefuse();
    await dead.joinOrRefuse();
    await left.leave();
    await store.query(`UPDATE ledger.nodes SET seen_at = seen_at - interval '31 seconds'`);
    const other = node({ ...alike, TOKEN_LEDGER_ISSUER: 'https://new.example' });
    await expect(other.joinOrRefuse()).resolves.toBeUndefined();
  });
});
