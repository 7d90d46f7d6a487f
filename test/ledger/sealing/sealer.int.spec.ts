import { appendFileSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { CheckpointFile } from '../../../src/ledger/sealing/checkpoint-file.js';
import { Sealer } from '../../../src/ledger/sealing/sealer.js';
import { openSealStore } from '../../../src/ledger/sealing/sqlite-seal.store.js';
import type { SealedCheckpoint } from '../../../src/ledger/seals.port.js';
import { parseEntryBundle } from '../../../src/tlog/entry-bundle.js';
import { leafHash } from '../../../src/tlog/merkle-tree.js';
import { verifyConsistency, verifyInclusion } from '../../../src/tlog/proof-verification.js';
import { formatEntriesPath, formatTilePath } from '../../../src/tlog/tile-path.js';
import { newTiles } from '../../../src/tlog/tiles.js';
import { append } from '../../support/ledger-executions.js';
import { onDatabase } from '../../support/ledger-sqlite.js';
import { tamper } from '../../support/ledger-tampering.js';
import { referenceRoot, referenceTiles } from '../../tlog/reference-tree.js';
import {
  bodiesOf,
  isSigned,
  openSealedLedger,
  sealAll,
  type SealedLedger,
  signer,
} from './sealed-ledger.js';

let sealed: SealedLedger;

beforeEach(async () => {
  sealed = await openSealedLedger();
});

afterEach(async () => {
  await sealed.expectIntact();
  await sealed.remove();
});

const latest = async (): Promise<SealedCheckpoint> => {
  const checkpoint = await sealed.seals.latest();
  if (checkpoint === undefined) throw new Error('nothing was sealed');
  return checkpoint;
};

const rowsOf = (query: string): unknown =>
  onDatabase(sealed.file, (database) => database.prepare(query).pluck().all());

const CHECKPOINT_SIZES = 'SELECT size FROM checkpoints ORDER BY epoch, size';

/** The newest note of the file's every line, as a text editor would show them. */
const filedNotes = (): string[] =>
  readFileSync(sealed.checkpointFile.path, 'utf8')
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => (JSON.parse(line) as { note: string }).note);

describe('a ledger that grows', () => {
  it('has at every step the tiles and the root of a tree that is computed from scratch', async () => {
    const sealer = sealed.newSealer();
    let size = 0;
    let before: SealedCheckpoint | undefined;
    for (const next of [1, 2, 3, 255, 256, 257, 511, 512, 700, 1024, 1500]) {
      await sealed.grow(next - size);
      size = next;
      await sealAll(sealer);
      const checkpoint = await latest();
      const leaves = bodiesOf(sealed.file).map((body) => leafHash(body));
      expect({ size: checkpoint.size, root: checkpoint.root.toString('hex') }).toEqual({
        size,
        root: referenceRoot(leaves).toString('hex'),
      });
      expect(isSigned(checkpoint)).toBe(true);
      const reference = referenceTiles(leaves);
      for (const tile of newTiles(0, size)) {
        const published = await sealed.seals.published(formatTilePath(tile));
        const wanted = reference(tile.level, tile.index, tile.width);
        expect(published).toEqual({ bytes: wanted });
      }
      if (before !== undefined) {
        const proof = (await sealed.seals.consistencyProof(before.size, size)) ?? [];
        expect(verifyConsistency(before.size, before.root, size, checkpoint.root, proof)).toBe(
          true,
        );
      }
      before = checkpoint;
    }
  });

  it('proves of every event that it is in it, and gives it back', async () => {
    await sealed.grow(600);
    await sealAll(sealed.newSealer());
    const { size, root } = await latest();
    const bodies = bodiesOf(sealed.file);
    for (const [position, body] of bodies.entries()) {
      const proof = (await sealed.seals.inclusionProof(position, size)) ?? [];
      expect(verifyInclusion(leafHash(body), position, size, proof, root)).toBe(true);
    }
    const bundle = await sealed.seals.published(formatEntriesPath({ index: 2, width: 88 }));
    expect(parseEntryBundle(bundle?.bytes ?? Buffer.alloc(0), 88)).toEqual(bodies.slice(512));
  });

  it('is sealed in checkpoints of at most 2,048 events when many have come', async () => {
    await sealed.grow(2900);
    const sealer = sealed.newSealer();
    expect(await sealer.seal()).toBe(true);
    expect(await sealer.seal()).toBe(false);
    expect(rowsOf(CHECKPOINT_SIZES)).toEqual([2048, 2900]);
    expect(rowsOf('SELECT count(*) FROM tiles')).toEqual([11]);
    const leaves = bodiesOf(sealed.file).map((body) => leafHash(body));
    expect((await latest()).root).toEqual(referenceRoot(leaves));
    expect((await sealed.seals.covering(2047))?.size).toBe(2048);
    expect((await sealed.seals.covering(2048))?.size).toBe(2900);
    expect(await sealed.seals.covering(2900)).toBeUndefined();
  });

  it('is not sealed again and again while a few events come all the time', async () => {
    await sealed.grow(3);
    const store = openSealStore(sealed.file);
    const append = store.append.bind(store);
    store.append = async (...unit) => {
      const isAppended = await append(...unit);
      await sealed.grow(2);
      return isAppended;
    };
    const sealer = new Sealer({ store, file: sealed.checkpointFile, signer });
    expect(await sealer.seal()).toBe(false);
    expect(rowsOf(CHECKPOINT_SIZES)).toEqual([3]);
    expect(await sealer.seal()).toBe(false);
    expect(rowsOf(CHECKPOINT_SIZES)).toEqual([3, 5]);
    await sealer.close();
    await sealAll(sealed.newSealer());
  });

  it('gets no checkpoint while nothing happens', async () => {
    const sealer = sealed.newSealer();
    expect(await sealer.seal()).toBe(false);
    expect(await sealed.seals.latest()).toBeUndefined();
    await sealed.grow(3);
    await sealAll(sealer);
    await sealAll(sealer);
    expect(rowsOf(CHECKPOINT_SIZES)).toEqual([3]);
    expect(filedNotes()).toEqual([(await latest()).note]);
  });

  it('answers nothing beyond its last checkpoint, nor what is no path', async () => {
    await sealed.grow(300);
    await sealAll(sealed.newSealer());
    await sealed.grow(10);
    const { seals } = sealed;
    for (const path of [
      'tile/0/001.p/45',
      'tile/0/001',
      'tile/0/002.p/1',
      'tile/1/000.p/2',
      'tile/2/000.p/1',
      'tile/63/000.p/1',
      'tile/entries/001.p/45',
      'tile/0/1',
      'tile/0/../0/000',
      'checkpoint',
    ]) {
      expect(await seals.published(path)).toBeUndefined();
    }
    expect((await seals.published('tile/0/001.p/44'))?.bytes).toHaveLength(44 * 32);
    expect((await seals.published('tile/0/000.p/44'))?.bytes).toHaveLength(44 * 32);
    expect(await seals.tile(0, 0, 0)).toBeUndefined();
    expect(await seals.inclusionProof(300, 301)).toBeUndefined();
    expect(await seals.inclusionProof(5, 5)).toBeUndefined();
    expect(await seals.inclusionProof(-1, 5)).toBeUndefined();
    expect(await seals.consistencyProof(0, 5)).toBeUndefined();
    expect(await seals.consistencyProof(6, 5)).toBeUndefined();
    expect(await seals.consistencyProof(5, 301)).toBeUndefined();
  });

  it('refuses that what was sealed is changed, taken away or replaced', async () => {
    await sealed.grow(256);
    await sealAll(sealed.newSealer());
    for (const statement of [
      'UPDATE tiles SET level = 1',
      'DELETE FROM tiles',
      'INSERT OR REPLACE INTO tiles SELECT * FROM tiles',
      'INSERT INTO tiles SELECT 0, 0, 2, hashes FROM tiles',
      "UPDATE checkpoints SET note = ''",
      'DELETE FROM checkpoints',
      'INSERT OR REPLACE INTO checkpoints SELECT * FROM checkpoints',
      "UPDATE logs SET origin = ''",
      'DELETE FROM logs',
      'INSERT OR REPLACE INTO logs SELECT * FROM logs',
    ]) {
      expect(() => rowsOf(`${statement} RETURNING 1`)).toThrow('append-only');
    }
  });
});

describe('an event that no entry bundle can hold', () => {
  it('is never appended', async () => {
    const resources = Array.from({ length: 32 }, () => `https://a.example/${'x'.repeat(2030)}`);
    const data = { subject: 'ana', clientId: 'shop', scope: ['email'], resources };
    await expect(
      append(sealed.ledger, 'consent', 'long', [{ type: 'ConsentGiven', data }]),
    ).rejects.toThrow('at most 65535 bytes');
    expect(await sealed.ledger.size()).toBe(0);
  });
});

describe('a crash', () => {
  it('between the ledger and the file is completed by the next seal', async () => {
    await sealed.grow(5);
    mkdirSync(sealed.checkpointFile.path, { recursive: true });
    const sealer = sealed.newSealer();
    await expect(sealer.seal()).rejects.toThrow('is a directory');
    expect(rowsOf(CHECKPOINT_SIZES)).toEqual([5]);
    rmSync(sealed.checkpointFile.path, { recursive: true });
    await sealAll(sealed.newSealer());
    expect(rowsOf(CHECKPOINT_SIZES)).toEqual([5]);
    expect(filedNotes()).toEqual([(await latest()).note]);
  });

  it('is not needed for that: the same sealer tries again', async () => {
    await sealed.grow(5);
    mkdirSync(sealed.checkpointFile.path, { recursive: true });
    const sealer = sealed.newSealer();
    await expect(sealer.seal()).rejects.toThrow('is a directory');
    await sealed.grow(5);
    await expect(sealer.seal()).rejects.toThrow('is a directory');
    expect(rowsOf(CHECKPOINT_SIZES)).toEqual([5, 10]);
    rmSync(sealed.checkpointFile.path, { recursive: true });
    await sealAll(sealer);
    expect(filedNotes()).toEqual([(await latest()).note]);
  });

  it('that tears a line of the file leaves the lines around it', async () => {
    const sealer = sealed.newSealer();
    await sealed.grow(5);
    await sealAll(sealer);
    const { note } = await latest();
    appendFileSync(sealed.checkpointFile.path, '{"at":1,"note":"token-led');
    expect(sealed.checkpointFile.last()?.note).toBe(note);
    await sealed.grow(5);
    await sealAll(sealer);
    expect(sealed.checkpointFile.last()?.note).toBe((await latest()).note);
    const lines = readFileSync(sealed.checkpointFile.path, 'utf8').split('\n');
    expect(lines).toHaveLength(4);
    expect(lines[1]).toBe('{"at":1,"note":"token-led');
  });

  it('before the commit leaves nothing: the next sealer goes on from the edge', async () => {
    await sealed.grow(300);
    await sealAll(sealed.newSealer());
    await sealed.grow(500);
    await sealAll(sealed.newSealer());
    await sealed.grow(1);
    await sealAll(sealed.newSealer());
    const leaves = bodiesOf(sealed.file).map((body) => leafHash(body));
    expect((await latest()).root).toEqual(referenceRoot(leaves));
    expect(rowsOf(CHECKPOINT_SIZES)).toEqual([300, 800, 801]);
  });
});

describe('two sealers of one ledger', () => {
  it('get in each other’s way and seal it once', async () => {
    const [one, other] = [sealed.newSealer(), sealed.newSealer()];
    for (const events of [10, 300, 1, 256]) {
      await sealed.grow(events);
      await sealAll(one);
      await sealAll(other);
      await sealed.grow(events);
      await sealAll(other);
      await sealAll(one);
    }
    const leaves = bodiesOf(sealed.file).map((body) => leafHash(body));
    const checkpoint = await latest();
    expect(checkpoint.root).toEqual(referenceRoot(leaves));
    expect(rowsOf(CHECKPOINT_SIZES)).toEqual([10, 20, 320, 620, 621, 622, 878, 1134]);
    expect(rowsOf('SELECT count(*) FROM tiles WHERE level = 0')).toEqual([4]);
  });

  it('cannot follow on a checkpoint that is not the newest', async () => {
    await sealed.grow(1);
    await sealAll(sealed.newSealer());
    const store = openSealStore(sealed.file);
    const checkpoint = { ...(await latest()), size: 2 };
    expect(await store.append(undefined, { tiles: [], checkpoint })).toBe(false);
    expect(await store.append({ ...checkpoint, size: 3 }, { tiles: [], checkpoint })).toBe(false);
    await store.close();
    expect(rowsOf(CHECKPOINT_SIZES)).toEqual([1]);
  });

  it('cannot seal under the name of an epoch that is over', async () => {
    await sealed.grow(1);
    await sealAll(sealed.newSealer());
    const store = openSealStore(sealed.file);
    const base = await latest();
    await sealed.setEpoch(1);
    expect(await store.append(base, { tiles: [], checkpoint: { ...base, size: 2 } })).toBe(false);
    await sealed.setEpoch(0);
    await store.close();
  });
});

describe('a sealer', () => {
  it('does not sign another history than it signed before', async () => {
    await sealed.grow(5);
    await sealAll(sealed.newSealer());
    const edit = (from: string, to: string): void =>
      tamper(sealed.file, (database) => {
        database.prepare('UPDATE events SET body = replace(body, ?, ?)').run(from, to);
      });
    edit('action-3', 'action-4');
    await sealed.grow(1);
    await expect(sealed.newSealer().seal()).rejects.toThrow(
      'the events are not those of the checkpoint of size 5',
    );
    expect(rowsOf(CHECKPOINT_SIZES)).toEqual([5]);
    tamper(sealed.file, (database) => {
      database
        .prepare(
          `UPDATE events SET body = replace(body, 'action-4', 'action-3') WHERE position = 3`,
        )
        .run();
    });
    await sealAll(sealed.newSealer());
  });

  it('says when the file that repeats its checkpoints is gone, and makes it anew', async () => {
    const missing: number[] = [];
    const observer = { fileMissing: ({ size }: SealedCheckpoint) => void missing.push(size) };
    await sealed.grow(5);
    await sealAll(sealed.newSealer(observer));
    expect(missing).toEqual([]);
    rmSync(dirname(sealed.checkpointFile.path), { recursive: true });
    const sealer = sealed.newSealer(observer);
    await sealAll(sealer);
    expect(missing).toEqual([5]);
    expect(filedNotes()).toEqual([(await latest()).note]);
    rmSync(sealed.checkpointFile.path);
    await sealed.grow(1);
    await sealAll(sealer);
    expect(missing).toEqual([5, 6]);
  });

  it('reads an empty file as none, and refuses one without any checkpoint', () => {
    const file = new CheckpointFile(sealed.checkpointFile.path);
    expect(file.last()).toBeUndefined();
    mkdirSync(dirname(file.path));
    writeFileSync(file.path, '');
    expect(file.last()).toBeUndefined();
    appendFileSync(file.path, 'nothing of ours\n{"at":1}\n{"at":1,"note":"a\\n\\n"}\n');
    expect(() => file.last()).toThrow('holds no checkpoint');
  });
});
