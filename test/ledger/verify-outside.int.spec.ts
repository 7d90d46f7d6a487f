import { generateKeyPairSync } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { CheckpointFile } from '../../src/ledger/sealing/checkpoint-file.js';
import { CheckpointSigner } from '../../src/ledger/sealing/checkpoint-signer.js';
import { Sealer } from '../../src/ledger/sealing/sealer.js';
import { openSealStore } from '../../src/ledger/sealing/sqlite-seal.store.js';
import { originOfEpoch } from '../../src/ledger/sealing/log-origin.js';
import type { VerifierKeyOf } from '../../src/ledger/verification/log-epochs.js';
import { parseVerifierKey } from '../../src/tlog/verifier-key.js';
import { append } from '../support/ledger-executions.js';
import { onDatabase } from '../support/ledger-sqlite.js';
import { tamper, verifyFile } from '../support/ledger-tampering.js';
import {
  copyOf,
  freshCopy,
  openSealedHistory,
  rewriteFact,
  SECOND_EPOCH_AT,
  sealAnew,
} from '../support/sealed-verification.js';
import {
  openSealedLedger,
  restoredNow,
  sealAll,
  type SealedLedger,
  signer,
} from './sealing/sealed-ledger.js';

let sealed: SealedLedger;
let intact: string;
let directory: string;
let file: string;
/** The lines of the file that repeats the checkpoints, as it was when the copy was made. */
let lines: string[];

beforeAll(async () => {
  directory = mkdtempSync(join(tmpdir(), 'token-ledger-verify-'));
  sealed = await openSealedHistory();
  intact = copyOf(sealed, 'intact');
  lines = readFileSync(sealed.checkpointFile.path, 'utf8').trim().split('\n');
});

afterAll(async () => {
  await sealed.remove();
  rmSync(directory, { recursive: true, force: true });
});

beforeEach(() => {
  file = freshCopy(intact, directory);
});

/** A file with this text. */
function textFile(text: string): string {
  const path = join(directory, 'checkpoints');
  writeFileSync(path, text);
  return path;
}

const noteIn = (line: string | undefined): string =>
  (JSON.parse(line ?? '') as { note: string }).note;

/** What is wrong with a ledger by the file that repeats its checkpoints. */
async function byTheFile(text: string, ledgerFile = file): Promise<string[]> {
  const { problems } = await verifyFile(ledgerFile, undefined, undefined, {
    checkpointFile: textFile(text),
  });
  return problems.map(({ problem }) => problem.replace(directory, ''));
}

/** What is wrong with a ledger by checkpoints that somebody kept, verified with a key. */
async function byKept(text: string, key?: string, ledgerFile = file): Promise<string[]> {
  const parsed = key === undefined ? undefined : parseVerifierKey(key);
  const verifier = parsed?.kind === 'parsed' ? parsed.verifier : undefined;
  const { problems } = await verifyFile(ledgerFile, undefined, undefined, {
    kept: { path: textFile(text), verifier },
  });
  return problems.map(({ problem }) => problem.replace(directory, ''));
}

const all = (): string => `${lines.join('\n')}\n`;

describe('the file that repeats the checkpoints', () => {
  it('agrees with an intact ledger, also where a line of it was torn, and need not be there', async () => {
    expect(await byTheFile(all())).toEqual([]);
    expect(await byTheFile(`${lines[0]}\n${lines[1]?.slice(0, 50)}\n${all()}{"at"`)).toEqual([]);
    const options = { checkpointFile: join(directory, 'nowhere') };
    expect((await verifyFile(file, undefined, undefined, options)).ok).toBe(true);
  });

  it.each<[what: string, before: () => string]>([
    ['a blank line', () => '\n'],
    ['zeros', () => '\0\0\0\n'],
    ['the rest of a line, as tail -c leaves it', () => `${lines[0]?.slice(50)}\n`],
    ['blank lines and the beginning of a line', () => ` \r\n\n${lines[0]?.slice(0, 80)}\n`],
  ])('agrees also where it begins with %s, and ends with a torn one', async (_, before) => {
    const text = `${before()}${all()}\n\n${lines[0]?.slice(0, 100)}`;
    expect(await byTheFile(text)).toEqual([]);
    expect(await byKept(text)).toEqual([]);
    expect(new CheckpointFile(textFile(text)).last()?.note).toBe(noteIn(lines.at(-1)));
  });

  it('agrees with a copy that was put back, whose last events were sealed since, and are sealed again', async () => {
    const live = await openSealedLedger();
    try {
      await live.expectIntact();
      await live.grow(20);
      await sealAll(live.newSealer());
      await live.grow(3);
      const copy = copyOf(live, 'unsealed');
      await sealAll(live.newSealer());
      const { path: checkpointFile } = live.checkpointFile;
      const problems = async (isOldCopy: boolean): Promise<unknown> =>
        (await verifyFile(copy, undefined, undefined, { checkpointFile, isOldCopy })).problems;
      expect([await problems(false), await problems(true)]).toEqual([[], []]);
      const sealer = new Sealer({
        store: openSealStore(copy),
        file: live.checkpointFile,
        signer,
        clock: () => Date.now() + 60_000,
      });
      await sealAll(sealer);
      await sealer.close();
      expect((await verifyFile(copy)).sealed).toBe(24);
      expect([await problems(false), await problems(true)]).toEqual([[], []]);
    } finally {
      await live.remove();
    }
  });

  it('agrees with a ledger that has not the row of a checkpoint, where it has its events', async () => {
    tamper(file, (database) => database.exec('DELETE FROM checkpoints WHERE size = 319'));
    expect(await byTheFile(all())).toEqual([]);
  });

  it('tells of a checkpoint that has another note in the ledger', async () => {
    tamper(file, (database) => {
      database.exec("UPDATE checkpoints SET note = note || 'x' WHERE size = 319");
    });
    expect(await byTheFile(all())).toEqual([
      'the checkpoint of size 319 in epoch 1 is not signed by the key of its epoch',
      'the checkpoint of size 319 in /checkpoints has another note in the ledger',
    ]);
  });

  it('tells of a checkpoint that the key of its epoch did not sign', async () => {
    const forged = signer.sign({ origin: originIn(lines[0]), size: 17, root: Buffer.alloc(32) });
    const line = JSON.stringify({ at: 1, note: forged.replace('\n17\n', '\n16\n') });
    expect(await byTheFile(`${line}\n${all()}`)).toEqual([
      'the checkpoint of size 16 in /checkpoints is not signed by the key',
    ]);
  });

  it('is itself at fault for a line that is none, and for one that the known key did not sign', async () => {
    const forged = lines[1]?.replace('\\n318\\n', '\\n317\\n');
    const checkpointFile = textFile(`${lines[0]}\nhello\n${forged}\n${all()}`);
    const verified = async (keyOf?: VerifierKeyOf): Promise<unknown> =>
      (await verifyFile(file, undefined, undefined, { checkpointFile, keyOf })).problems;
    const line = { problem: `line 2 of ${checkpointFile} is no checkpoint`, file: checkpointFile };
    const problem = `the checkpoint of size 317 in ${checkpointFile} is not signed by the key`;
    expect(await verified()).toEqual([line, { problem }]);
    expect(await verified((origin) => signer.verifierKey(origin))).toEqual([
      line,
      { problem, file: checkpointFile },
    ]);
  });

  it('tells of an old copy that was put back', async () => {
    const old = copyOf(sealed, 'old');
    await sealed.grow(100);
    await sealAll(sealed.newSealer());
    const now = readFileSync(sealed.checkpointFile.path, 'utf8');
    expect(await byTheFile(now, old)).toEqual([
      'the checkpoint of size 724 in /checkpoints covers more events than the 624 of the ledger',
    ]);
  });

  it('tells of another ledger in the place of this one', async () => {
    const other = await openSealedLedger();
    await other.expectIntact();
    const problems = await byTheFile(all(), other.file);
    expect(problems).toEqual([
      'the checkpoint of size 18 in /checkpoints is of another log, and 4 more like it',
    ]);
    await other.remove();
  });

  it('tells of many checkpoints with one fault once, with how many there are and the first of them', async () => {
    const other = await openSealedLedger();
    await other.expectIntact();
    const { origin } = await sealed.reads.log();
    const many = Array.from({ length: 50 }, (_, index) =>
      JSON.stringify({
        at: 1,
        note: signer.sign({ origin, size: index + 1, root: Buffer.alloc(32) }),
      }),
    );
    const options = { checkpointFile: textFile(`${many.join('\n')}\n`) };
    const { problems } = await verifyFile(other.file, undefined, undefined, options);
    expect(problems).toEqual([
      {
        problem: `the checkpoint of size 1 in ${options.checkpointFile} is of another log, and 49 more like it`,
        count: 50,
        numbers: Array.from({ length: 20 }, (_, index) => index + 1),
      },
    ]);
    await other.remove();
  });

  it('tells of a line that is no checkpoint', async () => {
    expect(await byTheFile(`${lines[0]}\n{"at":1,"note":"x"}\n`)).toEqual([
      'line 2 of /checkpoints is no checkpoint',
      'epoch 1 is not acknowledged in /checkpoints',
    ]);
  });

  describe('beside an older copy', () => {
    let old: string;
    let later: string;

    beforeAll(async () => {
      // The copy's last events were not sealed yet when it was made.
      await sealed.grow(3);
      old = copyOf(sealed, 'older');
      await sealAll(sealed.newSealer());
      await sealed.grow(100);
      await sealAll(sealed.newSealer());
      later = readFileSync(sealed.checkpointFile.path, 'utf8');
    });

    it.each<[what: string, change: (copy: string) => unknown, problems: string[]]>([
      ['agrees with its beginning', () => undefined, []],
      [
        'agrees with one that has not the row of a checkpoint',
        (copy) =>
          tamper(copy, (database) => database.exec('DELETE FROM checkpoints WHERE size = 319')),
        [],
      ],
      [
        'tells of events that were rewritten, with every seal over them taken away',
        (copy) =>
          tamper(copy, (database) => {
            rewriteFact(database, SECOND_EPOCH_AT + 10);
            database.exec(
              'DELETE FROM checkpoints WHERE size > 319; DELETE FROM tiles WHERE tile_index = 1',
            );
          }),
        ['the checkpoint of size 619 in /checkpoints is of another history, and 2 more like it'],
      ],
      [
        'tells of events that were rewritten and signed again with the right key',
        async (copy) => {
          tamper(copy, (database) => rewriteFact(database, SECOND_EPOCH_AT + 10));
          await sealAnew(copy, signer, join(directory, 'forged'));
        },
        ['the checkpoint of size 619 in /checkpoints is of another history, and 2 more like it'],
      ],
      [
        'tells of another last event, whose digest is right',
        (copy) => tamper(copy, (database) => rewriteFact(database, 726)),
        ['the checkpoint of size 727 in /checkpoints is of another history'],
      ],
    ])('%s', async (_, change, expected) => {
      file = freshCopy(old, directory);
      await change(file);
      const options = { checkpointFile: textFile(later), isOldCopy: true };
      const { problems } = await verifyFile(file, undefined, undefined, options);
      expect(problems.map(({ problem }) => problem.replace(directory, ''))).toEqual(expected);
    });

    it('does not agree with another ledger', async () => {
      const other = await openSealedLedger();
      await other.expectIntact();
      const options = { checkpointFile: textFile(later), isOldCopy: true };
      const { problems } = await verifyFile(other.file, undefined, undefined, options);
      expect(problems[0]?.problem).toMatch(/ is of another log, and \d+ more like it$/);
      await other.remove();
    });
  });

  it('agrees with a ledger that lost events, once another epoch was begun', async () => {
    const live = await openSealedLedger();
    try {
      await live.expectIntact();
      await live.grow(50);
      await sealAll(live.newSealer());
      await live.grow(5);
      const { origin, epoch } = await live.reads.log();
      // What a server sealed and what was lost then, when a copy from before it was put back.
      const lost = [
        ...['of the lost events', 'of them too'].map((_, more) =>
          signer.sign({ origin, size: 500 + more, root: Buffer.alloc(32, more) }),
        ),
        signer.sign({
          origin: originOfEpoch(origin, 1, 'fedcba98'),
          size: 20,
          root: Buffer.alloc(32),
        }),
      ];
      for (const note of lost) live.checkpointFile.append({ at: 1, note });
      const options = { checkpointFile: live.checkpointFile.path };
      const problems = async (): Promise<number> => {
        const found = (await verifyFile(live.file, undefined, undefined, options)).problems;
        return found.reduce((sum, { count = 1 }) => sum + count, 0);
      };
      expect(await problems()).toBe(3);
      await append(live.ledger, 'log', '0', [await restoredNow(live, epoch + 2)]);
      await sealAll(live.newSealer());
      expect(await problems()).toBe(0);
      const { path } = live.checkpointFile;
      const text = readFileSync(path, 'utf8');
      const withoutIt = text.split('\n').filter((line) => !line.includes('recovered '));
      writeFileSync(path, withoutIt.join('\n'));
      expect(await problems()).toBe(3);
      writeFileSync(path, withoutIt.filter((line) => !line.includes('0123abcd')).join('\n'));
      expect(await problems()).toBe(4);
      writeFileSync(path, '\0'.repeat(100));
      expect(await problems()).toBe(1);
    } finally {
      await live.remove();
    }
  });
});

const strangerKey = (): Buffer =>
  generateKeyPairSync('ed25519').privateKey.export({ format: 'der', type: 'pkcs8' });

describe('an epoch that the key of the log did not begin', () => {
  it.each<[what: string, problem: string, forge: (live: SealedLedger) => Promise<void>]>([
    [
      'with a note of another key',
      'epoch 1 is not acknowledged by the key of the log',
      async (live) => {
        const by = new CheckpointSigner(strangerKey());
        await append(live.ledger, 'log', '0', [await restoredNow(live, 1, { by, isFiled: false })]);
      },
    ],
    [
      'with the note of fewer events',
      'epoch 1 is acknowledged for another epoch',
      async (live) => {
        const restored = await restoredNow(live, 1, { isFiled: false });
        await live.grow(1);
        await append(live.ledger, 'log', '0', [restored]);
      },
    ],
    [
      'under a key of somebody else',
      "epoch 1 names another key than the log's",
      async (live) => {
        const { data } = await restoredNow(live, 1, { isFiled: false });
        const verifierKey = new CheckpointSigner(strangerKey()).verifierKey(data.origin);
        const restored = { ...data, verifierKey };
        await append(live.ledger, 'log', '0', [{ type: 'LedgerRestored', data: restored }]);
      },
    ],
  ])('is found out by the ledger alone, %s', async (_, problem, forge) => {
    const live = await openSealedLedger();
    try {
      await live.expectIntact();
      await forge(live);
      const { problems } = await verifyFile(live.file);
      expect(problems).toEqual([{ problem }]);
    } finally {
      await live.remove();
    }
  });

  it('is found out by the ledger alone where what it kept was rewritten', async () => {
    tamper(file, (database) => rewriteFact(database, 8));
    await sealAnew(file, signer, join(directory, 'forged'));
    expect((await verifyFile(file)).problems).toEqual([
      { problem: 'epoch 1 is acknowledged for other events' },
    ]);
  });

  it('is found out by the key of the vault, where the ledger names another one', async () => {
    const keyOf = (by: CheckpointSigner) => (origin: string) => by.verifierKey(origin);
    expect((await verifyFile(file, undefined, undefined, { keyOf: keyOf(signer) })).ok).toBe(true);
    const stranger = new CheckpointSigner(strangerKey());
    const { problems } = await verifyFile(file, undefined, undefined, { keyOf: keyOf(stranger) });
    expect(problems).toEqual([
      {
        problem: "epoch 0 names another key than the log's, and 1 more like it",
        count: 2,
        numbers: [0, 1],
      },
    ]);
  });
});

describe('a checkpoint that somebody kept', () => {
  it('agrees with the ledger that it is of, as a note or as JSON lines, by its own key or another', async () => {
    const key = /"verifierKey":"([^"]+)"/.exec(
      onDatabase(file, (database) =>
        database.prepare<[], string>('SELECT body FROM events WHERE position = 0').pluck().get(),
      ) ?? '',
    )?.[1];
    expect(await byKept(noteIn(lines[1]))).toEqual([]);
    expect(await byKept(noteIn(lines[1]), key)).toEqual([]);
    expect(await byKept(all())).toEqual([]);
    expect(await byKept(`${noteIn(lines[1])}\n`)).toEqual([]);
    expect(await byKept(`\n${noteIn(lines[1])}\n \n\n`)).toEqual([]);
    expect(await byKept(`${noteIn(lines[1])}\n`.replaceAll('\n', '\r\n'))).toEqual([]);
    expect(await byKept(all().replaceAll('\n', '\r\n'))).toEqual([]);
    const options = { kept: { path: textFile(all()) } };
    expect(await verifyFile(file, undefined, undefined, options)).toMatchObject({ kept: 5 });
  });

  it('alone tells of a history that was rewritten and signed again with the right key', async () => {
    tamper(file, (database) => rewriteFact(database, SECOND_EPOCH_AT + 10));
    await sealAnew(file, signer, join(directory, 'forged'));
    expect((await verifyFile(file)).problems).toEqual([]);
    expect(await byKept(all())).toEqual([
      'the checkpoint of size 619 in /checkpoints is of another history: an event between positions 319 and 618 was changed',
    ]);
  });

  it.each<[what: string, textOf: () => string, problem: string]>([
    [
      'that was changed',
      () => noteIn(lines[1]).replace('\n318\n', '\n317\n'),
      'the checkpoint of size 317 in /checkpoints is not signed by the key',
    ],
    ['that is none', () => 'hello\n', 'line 1 of /checkpoints is no checkpoint'],
    ['that is not there', () => '', 'there is no checkpoint in /checkpoints'],
    [
      'of more events than there are',
      () => signer.sign({ origin: originIn(lines[3]), size: 1000, root: Buffer.alloc(32) }),
      'the checkpoint of size 1000 in /checkpoints covers more events than the 624 of the ledger',
    ],
    [
      'of events that were lost before the next epoch',
      () => signer.sign({ origin: originIn(lines[0]), size: 400, root: Buffer.alloc(32) }),
      'the checkpoint of size 400 in /checkpoints covers events that were lost before the next epoch began',
    ],
  ])('is refused when it is one %s', async (_, textOf, problem) => {
    expect(await byKept(textOf())).toContain(problem);
  });

  it.each<[what: string, textOf: () => string, unusable: string]>([
    ['nothing', () => '', 'there is no checkpoint in FILE'],
    ['blank lines', () => '\n \r\n\n', 'there is no checkpoint in FILE'],
    ['something else', () => '\nhello\nworld\n', 'line 2 of FILE is no checkpoint'],
    ['bytes', () => '\x89PNG\r\n\x1a\n\0\0', 'line 1 of FILE is no checkpoint'],
    ['checkpoints and something else', () => `${all()}hello\n`, 'line 6 of FILE is no checkpoint'],
  ])(
    'is unusable in a file that holds %s, and then nothing is verified',
    async (...[, textOf, unusable]) => {
      tamper(file, (database) => rewriteFact(database, 8));
      const path = textFile(textOf());
      const report = await verifyFile(file, undefined, undefined, { kept: { path } });
      expect(report.unusable?.replace(path, 'FILE')).toBe(unusable);
      expect(report.problems).toEqual([{ problem: report.unusable, file: path }]);
    },
  );

  it('says nothing of events where a tile was damaged', async () => {
    const unknown =
      'the checkpoint of size 318 in /checkpoints is not of the tree that the stored tiles make, and 3 more like it';
    tamper(file, (database) => {
      database.exec('UPDATE tiles SET hashes = zeroblob(8192) WHERE tile_index = 1');
    });
    expect(await byKept(all())).toContain(unknown);
    tamper(file, (database) => {
      database.exec('DELETE FROM tiles WHERE tile_index = 1');
    });
    // What is missing is made of the events again.
    expect(await byKept(all())).toEqual(['tile 0/1 is missing']);
  });

  it('is verified with the key that is given, and no other', async () => {
    const other = signer.verifierKey('token-ledger/other');
    expect(await byKept(noteIn(lines[1]), other)).toEqual([
      'the checkpoint of size 318 in /checkpoints is not signed by the key',
    ]);
    const foreign = signer.sign({ origin: 'token-ledger/other', size: 1, root: Buffer.alloc(32) });
    expect(await byKept(foreign, other)).toEqual([
      'the checkpoint of size 1 in /checkpoints is of another log, or of an epoch that the ledger does not know',
    ]);
  });
});

const originIn = (line: string | undefined): string => noteIn(line).split('\n')[0] ?? '';
