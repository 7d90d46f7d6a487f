import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import type Database from 'better-sqlite3';
import fc from 'fast-check';
import { CheckpointSigner } from '../../src/ledger/sealing/checkpoint-signer.js';
import { noteText } from '../../src/ledger/sealing/note-checkpoint.js';
import { signNote } from '../../src/tlog/signed-note.js';
import { tamper, verifyFile } from '../support/ledger-tampering.js';
import {
  changeFact,
  copyOf,
  freshCopy,
  openSealedHistory,
  repairDigest,
  rewriteFact,
  SEALED_EVENTS,
  SEALED_SIZES,
  SECOND_EPOCH_AT,
} from '../support/sealed-verification.js';
import { enochKeys, peterKeys } from '../tlog/note-keys.js';
import { openSealedLedger, sealAll, type SealedLedger } from './sealing/sealed-ledger.js';

let sealed: SealedLedger;
let intact: string;
let directory: string;
let file: string;

beforeAll(async () => {
  directory = mkdtempSync(join(tmpdir(), 'token-ledger-verify-'));
  sealed = await openSealedHistory();
  intact = copyOf(sealed, 'intact');
});

afterAll(async () => {
  await sealed.remove();
  rmSync(directory, { recursive: true, force: true });
});

beforeEach(() => {
  file = freshCopy(intact, directory);
});

type Change = (database: Database.Database) => void;
const sql =
  (statements: string): Change =>
  (database) =>
    void database.exec(statements);

/** Another note for the checkpoint of a size, made of the one that is there. */
const renote =
  (size: number, change: (note: string) => string): Change =>
  (database) => {
    const note = database
      .prepare<[number], string>('SELECT note FROM checkpoints WHERE size = ?')
      .pluck()
      .get(size);
    const changed = change(note ?? '');
    expect(changed).not.toBe(note);
    database.prepare('UPDATE checkpoints SET note = ? WHERE size = ?').run(changed, size);
  };

const originIn = (note: string): string => note.slice(0, note.indexOf('\n'));

/** The text of a note, signed by somebody else under the right name. */
const signedByAnother = (note: string): string =>
  signNote(noteText(note), { name: originIn(note), privateKey: enochKeys.privateKey });

const LAST_SIZE = SEALED_SIZES.at(-1) ?? 0;

describe('a verification finds', () => {
  it.each<[what: string, change: Change, problem: string, position?: number]>([
    [
      'an event that was rewritten with its digest, by its leaf',
      (database) => rewriteFact(database, 8),
      'the hash of the event is not the one in tile 0/0',
      8,
    ],
    [
      'one in a later tile',
      (database) => rewriteFact(database, 300),
      'the hash of the event is not the one in tile 0/1',
      300,
    ],
    [
      'one that is in no full tile, by the checkpoints over it',
      (database) => rewriteFact(database, 600),
      `the checkpoint of size ${LAST_SIZE} in epoch 1 is not of these events`,
    ],
    [
      'that the sealed end of the log was cut off',
      sql('DELETE FROM events WHERE position >= 610'),
      `the checkpoint of size ${LAST_SIZE} in epoch 1 covers more events than there are`,
    ],
    [
      'another hash in a tile',
      sql(`UPDATE tiles SET hashes = CAST(substr(hashes, 1, 320) || zeroblob(32) ||
           substr(hashes, 353) AS BLOB)
           WHERE tile_index = 0`),
      'tile 0/0 is not that of its events, which are as they were sealed',
    ],
    [
      'a tile that was taken away',
      sql('DELETE FROM tiles WHERE tile_index = 1'),
      'tile 0/1 is missing',
    ],
    [
      'a tile that is too short',
      sql(`PRAGMA ignore_check_constraints = 1;
           UPDATE tiles SET hashes = substr(hashes, 1, 8160) WHERE tile_index = 0`),
      'tile 0/0 does not have 256 hashes',
    ],
    [
      'tiles that changed places',
      sql(`UPDATE tiles SET tile_index = 9 WHERE tile_index = 0;
           UPDATE tiles SET tile_index = 0 WHERE tile_index = 1;
           UPDATE tiles SET tile_index = 1 WHERE tile_index = 9`),
      'tile 0/0 is not that of its events, which are as they were sealed',
    ],
    [
      'a tile of events that no checkpoint covers',
      sql('INSERT INTO tiles SELECT 0, 0, 2, hashes FROM tiles WHERE tile_index = 0'),
      'tile 0/2 is of more events than the last checkpoint',
    ],
    [
      'a tile of a level that the tree does not have',
      sql('INSERT INTO tiles SELECT 0, 1, 0, hashes FROM tiles WHERE tile_index = 0'),
      'tile 1/0 is of more events than the last checkpoint',
    ],
    [
      'a tile before the beginning',
      sql('INSERT INTO tiles SELECT 0, 0, -1, hashes FROM tiles WHERE tile_index = 0'),
      'tile 0/-1 is none of any tree',
    ],
    [
      'a tile of another log',
      sql(`PRAGMA ignore_check_constraints = 1;
           INSERT INTO tiles SELECT 1, 0, 0, hashes FROM tiles WHERE tile_index = 0`),
      'a checkpoint or a tile is of another log',
    ],

    [
      'another root of a checkpoint',
      sql('UPDATE checkpoints SET root = zeroblob(32) WHERE size = 18'),
      'the checkpoint of size 18 in epoch 0 is not what its note says',
    ],
    [
      'another size of a checkpoint',
      sql('UPDATE checkpoints SET size = 317 WHERE size = 318'),
      'the checkpoint of size 317 in epoch 0 is not what its note says',
    ],
    [
      'a checkpoint that was signed by another key',
      renote(318, signedByAnother),
      'the checkpoint of size 318 in epoch 0 is not signed by the key of its epoch',
    ],
    [
      'a signature that was changed',
      renote(318, (note) => note.replace(/.{9}\n$/, 'AAAAAAAA=\n')),
      'the checkpoint of size 318 in epoch 0 is not signed by the key of its epoch',
    ],
    [
      'a signature that somebody added',
      renote(318, (note) => note + signedByAnother(note).split('\n\n')[1]),
      'the checkpoint of size 318 in epoch 0 has a note that says more',
    ],
    [
      'a signature that stands there twice',
      renote(318, (note) => note + note.split('\n\n')[1]),
      'the checkpoint of size 318 in epoch 0 has a note that says more',
    ],
    [
      'a note that is signed rightly and says something else',
      renote(318, (note) => {
        const text = `${noteText(note)}extension\n`.replace('\n318\n', '\n317\n');
        return signNote(text, { name: originIn(note), privateKey: peterKeys.privateKey });
      }),
      'the checkpoint of size 318 in epoch 0 is not what its note says',
    ],
    [
      'a checkpoint of another epoch than its own',
      sql('UPDATE checkpoints SET epoch = 1 WHERE size = 318'),
      'the checkpoint of size 318 is of epoch 1, which began later',
    ],
    [
      'a checkpoint of an epoch that was over',
      sql('UPDATE checkpoints SET epoch = 0 WHERE size = 619'),
      'the checkpoint of size 619 in epoch 0 covers more events than there are',
    ],
    [
      'a checkpoint of an epoch that nobody opened',
      sql('UPDATE checkpoints SET epoch = 7 WHERE size = 619'),
      'a checkpoint is of epoch 7, which no event opened',
    ],
    [
      'that all checkpoints were taken away',
      sql('DELETE FROM checkpoints'),
      'tile 0/1 is of more events than the last checkpoint',
    ],

    [
      'another origin in the row of an epoch',
      sql("UPDATE logs SET origin = origin || 'x' WHERE epoch = 1"),
      "the row of epoch 1 in logs is not what the log's events say",
    ],
    [
      'a row of an epoch that was closed',
      sql('UPDATE logs SET open = 0 WHERE epoch = 0'),
      "the row of epoch 0 in logs is not what the log's events say",
    ],
    [
      'a row of an epoch that was taken away',
      sql('DELETE FROM logs WHERE epoch = 0'),
      'logs has no row of epoch 0',
    ],
    [
      'a row of an epoch that nobody opened',
      sql("INSERT INTO logs VALUES (0, 'token-ledger/1', 2, 1)"),
      'no event opened epoch 2 of logs',
    ],
    [
      "another key in the log's own event, with everything signed by it",
      (database) => {
        const wrong = new CheckpointSigner(
          enochKeys.privateKey.export({ format: 'der', type: 'pkcs8' }),
        );
        const body = database.prepare<[], string>('SELECT body FROM events WHERE position = 0');
        const key = /"verifierKey":"([^"]+)"/.exec(body.pluck().get() ?? '')?.[1] ?? '';
        const origin = key.split('+')[0] ?? '';
        const other = wrong.verifierKey(origin);
        const replace = (table: string, column: string): void => {
          database
            .prepare(`UPDATE ${table} SET ${column} = replace(${column}, ?, ?)`)
            .run(key, other);
        };
        replace('events', 'body');
        repairDigest(database, 'log:0');
        for (const size of [18, 318]) renote(size, signedByAnother)(database);
      },
      'the hash of the event is not the one in tile 0/0',
      0,
    ],
  ])('%s', async (...[, change, problem, position]) => {
    tamper(file, change);
    const { ok, problems } = await verifyFile(file);
    expect(ok).toBe(false);
    expect(problems.map((found) => found.problem).join('\n')).toContain(problem);
    // The first position that is named is the right one.
    if (position !== undefined) expect(problems[0]).toMatchObject({ position });
    const inParts = await verifyFile(file, undefined, 2);
    expect(inParts.problems).toEqual(expect.arrayContaining([...problems]));
  });

  it('the tile that is not that of its events, and in one line what that makes unprovable', async () => {
    tamper(
      file,
      sql(`UPDATE tiles SET hashes = CAST(substr(hashes, 1, 320) || zeroblob(32) ||
           substr(hashes, 353) AS BLOB)
           WHERE tile_index = 0`),
    );
    expect((await verifyFile(file)).problems.map(({ problem }) => problem)).toEqual([
      'tile 0/0 is not that of its events, which are as they were sealed',
      'each of the 4 checkpoints of sizes 18 to 619 in epochs 0 to 1 is not of the tree that the stored tiles make',
      'epoch 1 is acknowledged for another tree than the stored tiles make',
    ]);
  });

  it('which checkpoints are wrong where those between them are not, or are otherwise', async () => {
    const zero = 'UPDATE checkpoints SET root = zeroblob(32) WHERE size';
    const wrong = 'is not what its note says';
    const problemsAfter = async (...changes: readonly Change[]) => {
      file = freshCopy(intact, directory);
      for (const change of changes) tamper(file, change);
      return (await verifyFile(file)).problems.map(({ problem }) => problem);
    };
    expect(await problemsAfter(sql(`${zero} IN (18, 318)`))).toEqual([
      `each of the 2 checkpoints of sizes 18 to 318 in epoch 0 ${wrong}`,
    ]);
    expect(await problemsAfter(sql(`${zero} IN (18, 319)`))).toEqual([
      `the checkpoint of size 18 in epoch 0 ${wrong}`,
      `the checkpoint of size 319 in epoch 1 ${wrong}`,
    ]);
    expect(await problemsAfter(sql(`${zero} = 18`), renote(318, signedByAnother))).toEqual([
      `the checkpoint of size 18 in epoch 0 ${wrong}`,
      'the checkpoint of size 318 in epoch 0 is not signed by the key of its epoch',
    ]);
  });

  it('any byte that changed in what was sealed, or in the rows of the log', async () => {
    const columns = [
      ['tiles', 'hashes', 'BLOB'],
      ['checkpoints', 'root', 'BLOB'],
      ['checkpoints', 'note', 'TEXT'],
      ['logs', 'origin', 'TEXT'],
    ] as const;
    await fc.assert(
      fc.asyncProperty(
        fc.constantFrom(...columns),
        fc.nat(),
        fc.nat(),
        fc.integer({ min: 1, max: 255 }),
        async ([table, column, type], row, place, byte) => {
          file = freshCopy(intact, directory);
          tamper(file, (database) => {
            const bytesOf = database
              .prepare<[], Buffer>(`SELECT CAST(${column} AS BLOB) FROM ${table}`)
              .pluck()
              .all();
            const before = bytesOf[row % bytesOf.length] ?? Buffer.alloc(0);
            const after = Buffer.from(before);
            const index = place % after.length;
            after[index] = (after[index] ?? 0) ^ byte;
            const { changes } = database
              .prepare(
                `UPDATE ${table} SET ${column} = CAST(? AS ${type})
                 WHERE CAST(${column} AS BLOB) = ?`,
              )
              .run(after, before);
            expect(changes).toBe(1);
          });
          expect((await verifyFile(file)).ok).toBe(false);
        },
      ),
      { numRuns: 150, endOnFailure: true },
    );
  }, 120_000);
});

describe('a verification of what was sealed finds nothing', () => {
  it('wrong with an intact ledger of two epochs, in one part or in many', async () => {
    const report = { ok: true, events: SEALED_EVENTS, sealed: LAST_SIZE, problems: [] };
    expect(await verifyFile(file)).toMatchObject(report);
    expect(await verifyFile(file, undefined, 2)).toMatchObject(report);
    expect(SEALED_SIZES).toContain(SECOND_EPOCH_AT);
  });

  it('wrong while a sealer goes on', async () => {
    const live = await openSealedLedger();
    try {
      await live.expectIntact();
      await live.grow(1000);
      const sealer = live.newSealer();
      const state = { isRunning: true };
      const sealOn = async (): Promise<void> => {
        await live.grow(10);
        await sealAll(sealer);
        if (state.isRunning) await sealOn();
      };
      const sealing = sealOn();
      for (let round = 0; round < 3; round += 1) {
        expect((await verifyFile(live.file)).problems).toEqual([]);
      }
      state.isRunning = false;
      await sealing;
      await live.expectIntact();
    } finally {
      await live.remove();
    }
  });
});

describe('a tree of more than 65,536 events', () => {
  let large: SealedLedger;
  let largeFile: string;

  beforeAll(async () => {
    large = await openSealedLedger();
    await large.grow(66_000);
    await sealAll(large.newSealer());
    await large.expectIntact();
    largeFile = copyOf(large, 'large');
  }, 120_000);

  afterAll(() => large.remove());

  it.each<[what: string, statements: string, problem: string]>([
    [
      'a hash that is not the one of the tile below it',
      `UPDATE tiles SET hashes = CAST(substr(hashes, 1, 64) || zeroblob(32) ||
         substr(hashes, 97) AS BLOB)
       WHERE level = 1`,
      'hash 2 in tile 1/0 is not that of tile 0/2',
    ],
    ['that the tile above is missing', 'DELETE FROM tiles WHERE level = 1', 'tile 1/0 is missing'],
  ])('is verified upwards: %s', async (_, statements, problem) => {
    file = freshCopy(largeFile, directory);
    tamper(file, sql(statements));
    const { problems } = await verifyFile(file);
    expect(problems.map((found) => found.problem)).toContain(problem);
  });

  it('names each event of a stream whose hash differs, in whatever range', async () => {
    file = freshCopy(largeFile, directory);
    tamper(file, (database) => {
      changeFact(database, 300);
      changeFact(database, 40_000);
    });
    const { problems } = await verifyFile(file);
    const streamId = 'administration:sealed';
    expect(problems).toMatchObject([
      { position: 300, streamId, evidence: 'leaf' },
      { position: 40_000, streamId, evidence: 'leaf' },
    ]);
  });

  it('says of no event that it was changed, or was not, where a tile is damaged', async () => {
    file = freshCopy(largeFile, directory);
    tamper(
      file,
      sql(`UPDATE tiles SET hashes = CAST(substr(hashes, 1, 64) || zeroblob(32) ||
             substr(hashes, 97) AS BLOB)
           WHERE level = 1`),
    );
    const { problems } = await verifyFile(file);
    expect(problems.filter(({ position }) => position !== undefined)).toEqual([]);

    file = freshCopy(largeFile, directory);
    tamper(file, (database) => {
      changeFact(database, 300);
      database.exec('DELETE FROM tiles WHERE level = 0 AND tile_index = 1');
    });
    expect((await verifyFile(file)).problems).toMatchObject([
      {
        evidence: 'digest',
        problem: expect.stringMatching(/, or the digest itself, was changed$/),
      },
      { evidence: 'tile', problem: 'tile 0/1 is missing' },
    ]);
  });
});
