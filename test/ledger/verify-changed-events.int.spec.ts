import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import type Database from 'better-sqlite3';
import { DEFAULT_PROJECT } from '../../src/domain/identifiers.js';
import { openSqliteSource } from '../../src/ledger/sqlite/sqlite-ledger.source.js';
import { ChangedEvents } from '../../src/ledger/verification/changed-events.js';
import type { LedgerSource } from '../../src/ledger/verification/ledger.source.js';
import { logEpochs } from '../../src/ledger/verification/log-epochs.js';
import { fillLedger, FILLED_FAMILY, tamper, verifyFile } from '../support/ledger-tampering.js';
import {
  changeFact,
  copyOf,
  freshCopy,
  openSealedHistory,
  rewriteFact,
  sealAnew,
} from '../support/sealed-verification.js';
import {
  nameTheKey,
  openSealedLedger,
  sealAll,
  type SealedLedger,
  signer,
} from './sealing/sealed-ledger.js';

let directory: string;
let few: SealedLedger;
let many: SealedLedger;
let copies: Readonly<Record<'few' | 'many', string>>;
let file: string;

beforeAll(async () => {
  directory = mkdtempSync(join(tmpdir(), 'token-ledger-changed-'));
  // One checkpoint of 18 events, another one of 3 more, no full tile, and 2 events that are not sealed.
  few = await openSealedLedger();
  await nameTheKey(few.ledger, few.reads);
  await fillLedger(few.ledger);
  await sealAll(few.newSealer());
  await few.grow(3);
  await sealAll(few.newSealer());
  await few.grow(2);
  many = await openSealedHistory();
  copies = { few: copyOf(few, 'few'), many: copyOf(many, 'many') };
});

afterAll(async () => {
  await few.remove();
  await many.remove();
  rmSync(directory, { recursive: true, force: true });
});

const FAMILY = `family:${FILLED_FAMILY}`;
const DIGEST = 'the digest is not that of its bodies';
const change =
  (...positions: readonly number[]) =>
  (database: Database.Database): void => {
    for (const position of positions) changeFact(database, position);
  };

describe('a verification names', () => {
  it.each<
    [
      what: string,
      ledger: 'few' | 'many',
      change: (database: Database.Database) => void,
      problems: readonly object[],
    ]
  >([
    [
      'the event of a stream that has no other one below the first wrong checkpoint',
      'few',
      change(1),
      [
        {
          position: 1,
          streamId: `project:${DEFAULT_PROJECT}`,
          evidence: 'digest',
          problem: `${DIGEST}: the event at position 1, or the digest itself, was changed`,
        },
        {
          position: 0,
          positionMax: 17,
          evidence: 'root',
          count: 2,
          numbers: [18, 21],
          problem:
            'each of the 2 checkpoints of sizes 18 to 21 in epoch 0 is not of these events: an event between positions 0 and 17 was changed',
        },
      ],
    ],
    [
      'the positions of a stream that has no later ones',
      'few',
      change(8),
      [
        {
          position: 6,
          positionMax: 16,
          positions: [6, 7, 8, 10, 16],
          streamId: FAMILY,
          evidence: 'digest',
          problem: `${DIGEST}: one of the events at positions 6, 7, 8, 10 or 16, or the digest itself, was changed`,
        },
        expect.objectContaining({ position: 0, positionMax: 17 }),
      ],
    ],
    [
      'the positions of a stream from the last right checkpoint on',
      'few',
      change(19),
      [
        {
          position: 18,
          positionMax: 20,
          evidence: 'root',
          problem:
            'the checkpoint of size 21 in epoch 0 is not of these events: an event between positions 18 and 20 was changed',
        },
        {
          position: 18,
          positionMax: 22,
          positions: [18, 19, 20, 21, 22],
          streamId: 'administration:sealed',
          evidence: 'digest',
          problem: `${DIGEST}: one of the events at positions 18, 19, 20, 21 or 22, or the digest itself, was changed`,
        },
      ],
    ],
    [
      'the positions of a stream that no checkpoint covers, where its digest may be what was changed',
      'few',
      change(21),
      [
        {
          position: 21,
          positionMax: 22,
          positions: [21, 22],
          streamId: 'administration:sealed',
          evidence: 'digest',
          problem: `${DIGEST}: the event at position 21 or 22, or the digest itself, was changed`,
        },
      ],
    ],
    [
      'no event where a digest was changed, and the events are as they were sealed',
      'few',
      (database) => {
        database.exec(
          "UPDATE streams SET digest = substr(digest, 2) || substr(digest, 1, 1) WHERE kind = 'family'",
        );
      },
      [
        {
          streamId: FAMILY,
          evidence: 'digest',
          problem: `${DIGEST}, which are as they were sealed`,
        },
      ],
    ],
    [
      'the positions between two checkpoints where the digest was made right again',
      'few',
      (database) => rewriteFact(database, 19),
      [
        {
          position: 18,
          positionMax: 20,
          evidence: 'root',
          problem:
            'the checkpoint of size 21 in epoch 0 is not of these events: an event between positions 18 and 20 was changed',
        },
      ],
    ],
    [
      'no event where only the root of a checkpoint was changed',
      'few',
      (database) => {
        database.exec('UPDATE checkpoints SET root = zeroblob(32) WHERE size = 18');
      },
      [{ problem: 'the checkpoint of size 18 in epoch 0 is not what its note says' }],
    ],
    [
      'no event where only the root of the newest checkpoint was changed',
      'few',
      (database) => {
        database.exec('UPDATE checkpoints SET root = zeroblob(32) WHERE size = 21');
      },
      [{ problem: 'the checkpoint of size 21 in epoch 0 is not what its note says' }],
    ],
    [
      'no event for certain by a digest where an event of another stream is wrong',
      'few',
      (database) => {
        database.exec(
          `UPDATE events SET body = replace(body, '"version":1', '"version":2') WHERE position = 1;
           UPDATE streams SET digest = substr(digest, 2) || substr(digest, 1, 1) WHERE kind = 'session'`,
        );
      },
      [
        expect.objectContaining({ position: 1, streamId: `project:${DEFAULT_PROJECT}` }),
        {
          position: 14,
          positionMax: 15,
          positions: [14, 15],
          streamId: 'session:session-1',
          evidence: 'digest',
          problem: `${DIGEST}: the event at position 14 or 15, or the digest itself, was changed`,
        },
        expect.objectContaining({ position: 0, positionMax: 17, evidence: 'root' }),
      ],
    ],
    [
      'no event for certain by a digest that was changed, where an event of another stream was and has a right one',
      'few',
      (database) => {
        rewriteFact(database, 8);
        database.exec(
          "UPDATE streams SET digest = substr(digest, 2) || substr(digest, 1, 1) WHERE kind = 'session'",
        );
      },
      [
        {
          position: 14,
          positionMax: 15,
          positions: [14, 15],
          streamId: 'session:session-1',
          evidence: 'digest',
          problem: `${DIGEST}: the event at position 14 or 15, or the digest itself, was changed`,
        },
        expect.objectContaining({ position: 0, positionMax: 17, evidence: 'root' }),
      ],
    ],
    [
      'of two streams with another digest what each of them can be',
      'few',
      change(1, 19),
      [
        {
          position: 1,
          streamId: `project:${DEFAULT_PROJECT}`,
          evidence: 'digest',
          problem: `${DIGEST}: the event at position 1, or the digest itself, was changed`,
        },
        expect.objectContaining({ position: 0, positionMax: 17 }),
        {
          position: 18,
          positionMax: 22,
          positions: [18, 19, 20, 21, 22],
          streamId: 'administration:sealed',
          evidence: 'digest',
          problem: `${DIGEST}: one of the events at positions 18, 19, 20, 21 or 22, or the digest itself, was changed`,
        },
      ],
    ],
    [
      'the first position that is missing where the end of the log was cut off',
      'few',
      (database) => {
        database.exec(
          'DELETE FROM events WHERE position >= 19; DELETE FROM checkpoints WHERE size > 18',
        );
      },
      [
        {
          position: 19,
          streamId: 'administration:sealed',
          problem: 'the state is ahead of the events',
        },
      ],
    ],
    [
      'once an event that its hash in a full tile tells, with its stream',
      'many',
      change(300),
      [
        {
          position: 300,
          streamId: 'administration:sealed',
          evidence: 'leaf',
          problem: 'the hash of the event is not the one in tile 0/1',
        },
      ],
    ],
    [
      'between which positions one of many events of a stream must be',
      'many',
      change(600),
      [
        expect.objectContaining({ position: 319, positionMax: 618, evidence: 'root' }),
        {
          position: 319,
          positionMax: 623,
          positions: Array.from({ length: 20 }, (_, index) => 319 + index),
          streamId: 'administration:sealed',
          evidence: 'digest',
          problem: `${DIGEST}: one of its 305 events between positions 319 and 623, or the digest itself, was changed`,
        },
      ],
    ],
  ])('%s', async (_, ledger, tampering, expected) => {
    file = freshCopy(copies[ledger], directory);
    tamper(file, tampering);
    expect((await verifyFile(file)).problems).toEqual(expected);
    expect((await verifyFile(file, undefined, 2)).problems).toEqual(expected);
  });
});

describe('a checkpoint that was kept names', () => {
  beforeEach(() => {
    file = freshCopy(copies.few, directory);
  });

  it('between which positions a history differs that was signed again with the right key', async () => {
    const kept = { path: few.checkpointFile.path };
    expect(readFileSync(kept.path, 'utf8').trim().split('\n')).toHaveLength(2);
    tamper(file, (database) => rewriteFact(database, 19));
    await sealAnew(file, signer, join(directory, 'forged'));
    expect((await verifyFile(file)).problems).toEqual([]);
    expect((await verifyFile(file, undefined, undefined, { kept })).problems).toEqual([
      {
        position: 18,
        positionMax: 20,
        problem: `the checkpoint of size 21 in ${kept.path} is of another history: an event between positions 18 and 20 was changed`,
      },
    ]);
  });
});

describe('a ledger that names many epochs', () => {
  it('is asked for the checkpoints of those alone that have any', async () => {
    file = freshCopy(copies.few, directory);
    const source = openSqliteSource(file);
    let asked = 0;
    const newestSize: LedgerSource['newestSize'] = (...wanted) => {
      asked += 1;
      return source.newestSize(...wanted);
    };
    const epochs = logEpochs(await source.log()).flatMap((one) =>
      Array.from({ length: 1000 }, (_, epoch) => ({ ...one, epoch })),
    );
    const { events } = await source.counts();
    const digest = {
      streamId: FAMILY,
      problem: DIGEST,
      evidence: 'digest',
      positionMax: 16,
    } as const;
    await new ChangedEvents({ ...source, newestSize }, epochs, events).narrow([digest]);
    await source.close();
    expect(asked).toBeGreaterThan(0);
    expect(asked).toBeLessThan(10);
  });
});
