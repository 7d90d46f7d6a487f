import { generateKeyPairSync } from 'node:crypto';
import { appendFileSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { decideOpenLog, decideRestoreLedger } from '../../../src/domain/log/log.decider.js';
import { signAcknowledgement, type TreeHead } from '../../../src/ledger/sealing/acknowledgement.js';
import { CheckpointFile } from '../../../src/ledger/sealing/checkpoint-file.js';
import { CheckpointSigner } from '../../../src/ledger/sealing/checkpoint-signer.js';
import { epochOfOrigin, isSameLog, originOfEpoch } from '../../../src/ledger/sealing/log-origin.js';
import {
  findRollback,
  findRollbackHere,
  refuseRollback,
} from '../../../src/ledger/sealing/rollback-check.js';
import { checkpointOfNote } from '../../../src/ledger/sealing/note-checkpoint.js';
import type { TreeReads } from '../../../src/ledger/sealing/seal-store.port.js';
import {
  openSealReads,
  type SqliteSealStore,
} from '../../../src/ledger/sealing/sqlite-seal.store.js';
import { openSqliteLedger } from '../../../src/ledger/sqlite/open-sqlite-ledger.js';
import type { Checkpoint } from '../../../src/tlog/checkpoint.js';
import { append, decideOn, recorded } from '../../support/ledger-executions.js';
import { onDatabase } from '../../support/ledger-sqlite.js';
import {
  nameTheKey,
  openSealedLedger,
  restoredNow,
  rootOf,
  sealAll,
  type SealedLedger,
  signer,
} from './sealed-ledger.js';

let sealed: SealedLedger;

beforeEach(async () => {
  sealed = await openSealedLedger();
  await sealed.grow(300);
  await sealAll(sealed.newSealer());
});

afterEach(() => sealed.remove());

/** What the check finds in a database file, by the checkpoint file of the ledger. */
async function checked(file: string, checkpoints = sealed.checkpointFile) {
  const reads = openSealReads(file);
  try {
    return await findRollback(reads, checkpoints);
  } finally {
    await reads.close();
  }
}

/** A copy of the ledger as it is now, complete in one file. */
function copy(name: string): string {
  const target = `${sealed.file}-${name}`;
  rmSync(target, { force: true });
  onDatabase(sealed.file, (database) => database.prepare('VACUUM INTO ?').run(target));
  return target;
}

const goOn = async (): Promise<void> => {
  await sealed.grow(50);
  await sealAll(sealed.newSealer());
};

/** Begins another epoch of the ledger, and seals it unless a crash comes first. */
async function restore(epoch: number, isSealed = true, isFiled = true): Promise<string> {
  const first = await sealed.reads.log();
  await decideOn(sealed.ledger, 'log', '0', ({ state }) =>
    decideOpenLog(state, { ...first, verifierKey: signer.verifierKey(first.origin) }),
  );
  const { data } = await restoredNow(sealed, epoch, { isFiled });
  await decideOn(sealed.ledger, 'log', '0', ({ state }) => decideRestoreLedger(state, data));
  if (isSealed) await sealAll(sealed.newSealer());
  return data.origin;
}

describe('a ledger that is as its checkpoints say', () => {
  it('passes, also when it has grown since', async () => {
    expect(await checked(sealed.file)).toBeUndefined();
    await sealed.grow(300);
    expect(await checked(sealed.file)).toBeUndefined();
    const reads = openSealReads(sealed.file);
    await refuseRollback(reads, sealed.checkpointFile);
    await reads.close();
  });

  it('passes where there is no checkpoint file, and not where it holds none', async () => {
    const { path } = sealed.checkpointFile;
    expect(await checked(sealed.file, new CheckpointFile(`${path}.gone`))).toBeUndefined();
    appendFileSync(`${path}.torn`, '{"at":1,"note":"token');
    await expect(checked(sealed.file, new CheckpointFile(`${path}.torn`))).rejects.toThrow(
      'torn holds no checkpoint: put a copy of it back, or move it away to begin it anew',
    );
  });

  it('passes with a torn line at the end, by the line before it', async () => {
    const old = copy('old');
    await goOn();
    appendFileSync(sealed.checkpointFile.path, '{"at":1,"note":"token');
    expect(await checked(sealed.file)).toBeUndefined();
    expect(await checked(old)).toMatchObject({ reason: 'shorter' });
  });

  it.each<[what: string, damage: (path: string, lines: string[]) => void]>([
    ['an older line is repeated', (path, [older]) => appendFileSync(path, `${older}\n`)],
    ['zeros follow', (path) => appendFileSync(path, Buffer.alloc(70_000))],
    ['more zeros follow than are read at once', (path) => appendFileSync(path, Buffer.alloc(3e6))],
    [
      'it has more lines than are read at once',
      (path, [older]) => appendFileSync(path, `${older}\n`.repeat(5000)),
    ],
  ])('goes by the newest checkpoint of the file, also where %s', async (_, damage) => {
    const old = copy('old');
    await goOn();
    const { path } = sealed.checkpointFile;
    damage(path, readFileSync(path, 'utf8').trim().split('\n'));
    expect(new CheckpointFile(path).last()).toEqual(sealed.checkpointFile.last());
    expect(await checked(old)).toMatchObject({ reason: 'shorter', known: { size: 350 } });
    expect(await checked(sealed.file)).toBeUndefined();
  });

  it('is in the file once: what is no news is not added', async () => {
    const first = sealed.checkpointFile.last();
    await goOn();
    const text = readFileSync(sealed.checkpointFile.path, 'utf8');
    if (first !== undefined) sealed.checkpointFile.append(first);
    if (first !== undefined) new CheckpointFile(sealed.checkpointFile.path).append(first);
    expect(readFileSync(sealed.checkpointFile.path, 'utf8')).toBe(text);
  });

  it('costs no more in a large ledger: the tiles are read, and 255 events at most', async () => {
    await sealed.grow(5000);
    await sealAll(sealed.newSealer());
    const { reads } = sealed;
    const read: number[] = [];
    const counting: TreeReads & SqliteSealStore = Object.assign(
      Object.create(reads) as typeof reads,
      {
        bodies: (from: number, limit: number) => {
          read.push(limit);
          return reads.bodies(from, limit);
        },
      },
    );
    expect(await findRollback(counting, sealed.checkpointFile)).toBeUndefined();
    expect(read).toEqual([5300 % 256]);
  });
});

describe('a ledger that is not', () => {
  it('is found shorter when an old copy was put back', async () => {
    const old = copy('old');
    await goOn();
    expect(await checked(old)).toMatchObject({
      reason: 'shorter',
      size: 300,
      known: { size: 350, origin: (await sealed.reads.log()).origin },
    });
    const reads = openSealReads(old);
    await expect(refuseRollback(reads, sealed.checkpointFile)).rejects.toThrow(
      expect.objectContaining({
        code: 'ledger_rolled_back',
        message: expect.stringMatching(
          /^an old copy of the ledger was put back: the ledger has 300 events and its last checkpoint covers 350 \(.+\): put the right ledger back, or accept this one with token-ledger recover$/,
        ) as unknown,
      }),
    );
    await reads.close();
  });

  it('is found out when the copy went on by itself', async () => {
    const old = copy('old');
    await goOn();
    const { directory: dataDirectory, clock } = sealed;
    const settings = { dataDirectory, ledgerFile: old };
    const forked = await openSqliteLedger({ settings, role: 'command_line', clock });
    const others = Array.from({ length: 60 }, () => recorded('x'));
    await append(forked, 'administration', 'other', others);
    await forked.close();
    expect(await checked(old)).toMatchObject({ reason: 'other_history', size: 360 });
    expect(await checked(sealed.file)).toBeUndefined();
  });

  it('is found to be another one when two databases were swapped', async () => {
    const other = await openSealedLedger();
    await other.grow(500);
    await sealAll(other.newSealer());
    expect(await checked(other.file)).toMatchObject({
      reason: 'other_log',
      size: 500,
      known: { size: 300 },
    });
    const reads = openSealReads(other.file);
    await expect(refuseRollback(reads, sealed.checkpointFile)).rejects.toThrow(
      /: put the right ledger back, or move that file away to begin anew$/,
    );
    await reads.close();
    await other.remove();
  });

  it('is found out when its events were edited under a checkpoint', async () => {
    onDatabase(sealed.file, (database) => {
      database.exec('DROP TRIGGER events_refuse_update');
      database.exec(
        `UPDATE events SET body = replace(body, 'action', 'attack') WHERE position = 299`,
      );
    });
    expect(await checked(sealed.file)).toMatchObject({ reason: 'other_history', size: 300 });
  });
});

describe('a later epoch', () => {
  it('is named by its origin, under the name of the log', () => {
    const first = `token-ledger/${'a'.repeat(32)}`;
    const second = originOfEpoch(first, 1, '0123abcd');
    expect(second).toBe(`${first}/1-0123abcd`);
    expect(originOfEpoch(second, 2, '89abcdef')).toBe(`${first}/2-89abcdef`);
    expect([first, second].map(epochOfOrigin)).toEqual([0, 1]);
    expect(isSameLog(first, second)).toBe(true);
    expect(isSameLog(first, `token-ledger/${'b'.repeat(32)}`)).toBe(false);
    expect(isSameLog('example.com/a', 'example.com/a')).toBe(false);
  });

  it('is what the ledger and its next checkpoint say', async () => {
    const origin = await restore(1);
    expect(await sealed.reads.log()).toEqual({ origin, epoch: 1 });
    expect(await sealed.seals.latest()).toMatchObject({ origin, epoch: 1, size: 302 });
    expect(await sealed.seals.covering(0)).toMatchObject({ epoch: 1, size: 302 });
    expect(await checked(sealed.file)).toBeUndefined();
    await sealed.expectIntact();
  });

  it('has nothing sealed until its first checkpoint, and passes all the same', async () => {
    await restore(1, false);
    expect(await sealed.seals.latest()).toBeUndefined();
    expect(await sealed.seals.published('tile/0/000')).toBeUndefined();
    expect(await checked(sealed.file)).toBeUndefined();
  });

  it('is refused when the file does not acknowledge it, also before its first checkpoint', async () => {
    const old = copy('old');
    const file = readFileSync(sealed.checkpointFile.path);
    await restore(1, false, false);
    expect(await checked(sealed.file)).toMatchObject({ reason: 'unknown_epoch' });
    await restore(2);
    writeFileSync(sealed.checkpointFile.path, file);
    expect(await checked(sealed.file)).toMatchObject({ reason: 'unknown_epoch' });
    onDatabase(old, (database) => {
      database.exec(`INSERT INTO logs SELECT 0, origin || '/1-deadbeef', 1, 1 FROM logs`);
    });
    expect(await checked(old)).toMatchObject({ reason: 'unknown_epoch' });
  });

  it('is missed by an old copy of the one before, however long that is', async () => {
    await sealed.grow(1000);
    const old = copy('old');
    await restore(1);
    expect(await checked(old)).toMatchObject({
      reason: 'shorter',
      size: 1300,
      known: { size: 1302 },
    });
  });

  it('is not the one of the file when it was begun twice', async () => {
    await restore(1, false);
    const once = copy('once');
    onDatabase(once, (database) => {
      database.exec('DROP TRIGGER logs_refuse_update');
      database.exec(`UPDATE logs SET origin = replace(origin, '0123abcd', '89abcdef')`);
    });
    await sealAll(sealed.newSealer());
    expect(await checked(once)).toMatchObject({ reason: 'unknown_epoch' });
  });
});

describe('an epoch that was begun where another checkpoint file is', () => {
  const stranger = new CheckpointSigner(
    generateKeyPairSync('ed25519').privateKey.export({ format: 'der', type: 'pkcs8' }),
  );
  /** What this file knows most of. */
  const known = (): Checkpoint => {
    const stated = checkpointOfNote(sealed.checkpointFile.last()?.note ?? '');
    if (stated === undefined) throw new Error('nothing was sealed');
    return stated;
  };

  /** Begins one in a database file, knowing of a checkpoint, and asks this file about it. */
  async function begunElsewhere(file: string, from: TreeHead, by = signer, key = signer) {
    const { directory: dataDirectory, clock, checkpointFile } = sealed;
    const settings = { dataDirectory, ledgerFile: file };
    const ledger = await openSqliteLedger({ settings, role: 'command_line', clock });
    const reads = openSealReads(file);
    try {
      await nameTheKey(ledger, reads);
      const origin = originOfEpoch(from.origin, 1, '0123abcd');
      const size = await ledger.size();
      const root = await rootOf(reads, size);
      const acknowledgement = signAcknowledgement(by, { origin, size, root }, from);
      const verifierKey = key.verifierKey(origin);
      const data = { origin, epoch: 1, verifierKey, size, acknowledgement };
      await append(ledger, 'log', '0', [{ type: 'LedgerRestored', data }]);
      const epoch = { origin, acknowledgement, verifierKey: signer.verifierKey(origin) };
      const found = await findRollbackHere(reads, checkpointFile, async () => epoch);
      return { reason: found?.reason, isFiled: checkpointFile.last()?.note === acknowledgement };
    } finally {
      await reads.close();
      await ledger.close();
    }
  }

  it('comes into the file when the key of the log gave up all that the file knows', async () => {
    const old = copy('old');
    await goOn();
    expect(await begunElsewhere(old, known())).toEqual({ reason: undefined, isFiled: true });
    expect(await checked(old)).toBeUndefined();
    expect(await checked(sealed.file)).toMatchObject({ reason: 'shorter' });
  });

  it('comes into the file when the ledger has all that the file knows', async () => {
    const less = { ...known(), size: 10 };
    expect(await begunElsewhere(sealed.file, less)).toEqual({ reason: undefined, isFiled: true });
  });

  it('is refused when the file knows more than was given up', async () => {
    const old = copy('old');
    await goOn();
    const less = { ...known(), size: known().size - 1 };
    const refused = { reason: 'unknown_epoch', isFiled: false };
    expect(await begunElsewhere(old, less)).toEqual(refused);
  });

  it('is refused when what was given up is of another epoch than the file knows', async () => {
    const old = copy('old');
    await goOn();
    const other = { ...known(), origin: originOfEpoch(known().origin, 9, '0123abcd') };
    const refused = { reason: 'unknown_epoch', isFiled: false };
    expect(await begunElsewhere(old, other)).toEqual(refused);
  });

  it('is refused when another key began it, whatever the ledger names', async () => {
    const old = copy('old');
    await goOn();
    const refused = { reason: 'unknown_epoch', isFiled: false };
    expect(await begunElsewhere(old, known(), stranger, stranger)).toEqual(refused);
  });

  it('is refused when its acknowledgement is of another epoch than the database names', async () => {
    await restore(1, false, false);
    const { acknowledgement = '' } = (await sealed.ledger.load('log', '0')) ?? {};
    const { origin } = await sealed.reads.log();
    onDatabase(sealed.file, (database) => {
      database.exec(`INSERT INTO logs SELECT 0, '${origin.replace('/1-', '/2-')}', 2, 1`);
    });
    const epoch = { origin, acknowledgement, verifierKey: signer.verifierKey(origin) };
    const { reads, checkpointFile } = sealed;
    expect(await findRollbackHere(reads, checkpointFile, async () => epoch)).toMatchObject({
      reason: 'unknown_epoch',
    });
    expect(await findRollbackHere(reads, checkpointFile, async () => undefined)).toMatchObject({
      reason: 'unknown_epoch',
    });
  });
});
