import { randomBytes } from 'node:crypto';
import { chmodSync, chownSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import BetterSqlite3 from 'better-sqlite3';
import { SealedBox } from '../../src/vault/sealed-box.js';
import { asUserAsync, isRoot, NOBODY } from './as-user.js';
import { temporaryDirectories } from './temporary-directory.js';
import { runTogether } from './together.js';
import {
  ALICE,
  BOB,
  CLIENT,
  DIGEST,
  HASH,
  keysOf,
  masterKeys,
  open,
  PROFILE,
  refusalOf,
  tamper,
} from './vault-fixtures.js';

const newDirectory = temporaryDirectories();

describe('two processes', () => {
  it('see what the other one wrote, also what was absent before', async () => {
    const directory = newDirectory();
    const [server, commandLine] = [await open(directory), await open(directory)];
    expect(await server.secretDigest('s_1')).toBeUndefined();
    expect(await server.passwordHash('p_1')).toBeUndefined();
    await commandLine.putSecretDigest('s_1', CLIENT, DIGEST);
    await commandLine.putPasswordHash('p_1', ALICE, HASH);
    await commandLine.putProfile(ALICE, PROFILE);
    expect(await server.secretDigest('s_1')).toEqual(DIGEST);
    expect(await server.passwordHash('p_1')).toBe(HASH);
    expect(await server.profile(ALICE)).toEqual(PROFILE);
    await commandLine.putProfile(ALICE, { username: 'alice' });
    expect(await server.profile(ALICE)).toEqual({ username: 'alice' });
    await commandLine.erase(ALICE);
    expect(await server.profile(ALICE)).toBeUndefined();
    expect(await server.passwordHash('p_1')).toBeUndefined();
  });

  it('can meet while both make the vault', async () => {
    const directory = newDirectory();
    const file = join(directory, 'vault.sqlite');
    const other = new BetterSqlite3(file);
    other.exec('BEGIN IMMEDIATE');
    setTimeout(() => other.exec('COMMIT'), 50);
    // The other one makes the canary just when this one is about to.
    const derive = (keyId: string, purpose: string) => {
      if (!met && purpose.endsWith('canary')) {
        met = true;
        const box = new SealedBox(masterKeys, purpose);
        const canary = box.seal(Buffer.from('token-ledger'), 'canaries/1');
        other.prepare(`INSERT INTO canaries VALUES ('1', ?)`).run(canary);
      }
      return masterKeys.derive(keyId, purpose);
    };
    let met = false;
    const vault = await open(directory, { activeKeyId: '1', keyIds: ['1'], derive }, 1000);
    other.close();
    expect(met).toBe(true);
    expect(await vault.profile(ALICE)).toBeUndefined();
  });

  it('can start and write together on an empty directory', async () => {
    const dataDirectory = join(newDirectory(), 'data');
    const outcomes = await runTogether(
      6,
      `const { openVault } = await import('./vault/sqlite-vault.js');
       const { DerivedMasterKeys } = await import('./vault/master-keys.js');
       const keys = new DerivedMasterKeys(new Map([['1', Buffer.alloc(32, 1)]]));
       start();
       try {
         const vault = await openVault(${JSON.stringify({ dataDirectory })}, keys);
         for (let row = 0; row < 20; row += 1) {
           await vault.putPrivateKey('k_' + process.pid + '_' + row, Buffer.alloc(64, row));
         }
         await vault.close();
         report({ pid: process.pid });
       } catch (error) { report({ error: error.message }); }`,
    );
    expect(outcomes.filter(({ error }) => error !== undefined)).toEqual([]);
    const vault = await open(dataDirectory);
    for (const { pid } of outcomes) {
      for (let row = 0; row < 20; row += 1) {
        expect(await vault.privateKey(`k_${String(pid)}_${row}`)).toEqual(Buffer.alloc(64, row));
      }
    }
  });

  it('with different master keys cannot both make the vault', async () => {
    const dataDirectory = newDirectory();
    const outcomes = await runTogether(
      4,
      `const { openVault } = await import('./vault/sqlite-vault.js');
       const { DerivedMasterKeys } = await import('./vault/master-keys.js');
       const key = Buffer.alloc(32);
       key.writeUInt32BE(process.pid);
       start();
       try {
         await openVault(${JSON.stringify({ dataDirectory })}, new DerivedMasterKeys(new Map([['1', key]])));
         report({ outcome: 'opened' });
       } catch (error) { report({ outcome: error.message }); }`,
    );
    const refusals = outcomes
      .map(({ outcome }) => outcome)
      .filter((outcome) => outcome !== 'opened');
    expect(refusals).toHaveLength(3);
    for (const refusal of refusals)
      expect(refusal).toMatch(/was written under a different master key with the id 1/);
  });
});

describe('opening the vault is refused', () => {
  async function madeVault(keys = masterKeys): Promise<string> {
    const directory = newDirectory();
    const vault = await open(directory, keys);
    await vault.putProfile(ALICE, PROFILE);
    await vault.close();
    return directory;
  }
  const fileOf = (directory: string) => join(directory, 'vault.sqlite');

  it('with another master key', async () => {
    const directory = await madeVault();
    expect(await refusalOf(open(directory, keysOf({ '1': 2 })))).toBe(
      `the vault ${fileOf(directory)} was written under a different master key with the id 1: ` +
        'start with the key that it was made with',
    );
    expect(await (await open(directory)).profile(ALICE)).toEqual(PROFILE);
  });

  it('without a master key that was active once', async () => {
    const directory = await madeVault();
    await (await open(directory, keysOf({ '1': 1, '2': 2 }))).putProfile(BOB, PROFILE);
    const report = /needs master key 1, which is not there: start with the key/;
    expect(await refusalOf(open(directory, keysOf({ '2': 2 })))).toMatch(report);
    expect(await refusalOf(open(directory, keysOf({ '1': 1, '2': 3 })))).toMatch(/the id 2/);
    const rotated = await open(directory, keysOf({ '1': 1, '2': 2 }));
    expect([...(await rotated.profiles([ALICE, BOB])).values()]).toEqual([PROFILE, PROFILE]);
  });

  it('when a newer version wrote it', async () => {
    const directory = await madeVault();
    tamper(directory, `INSERT INTO migrations (timestamp, name) VALUES (9, 'Later9')`);
    expect(await refusalOf(open(directory))).toBe(
      `the vault ${fileOf(directory)} was written by a newer version of Token Ledger (schema Later9)`,
    );
  });

  it.each([
    ['another kind of file', () => Buffer.from('this is no database'.repeat(100))],
    ['random bytes', () => randomBytes(8192)],
  ])('when it is %s', async (_what, content) => {
    const directory = newDirectory();
    writeFileSync(fileOf(directory), content());
    expect(await refusalOf(open(directory))).toBe(
      `the vault ${fileOf(directory)} is damaged: restore it from a backup`,
    );
  });

  it('when another process keeps it locked', async () => {
    const directory = await madeVault();
    const other = new BetterSqlite3(fileOf(directory));
    other.pragma('locking_mode = EXCLUSIVE');
    other.exec('BEGIN EXCLUSIVE');
    expect(await refusalOf(open(directory))).toBe(
      `the vault ${fileOf(directory)} is locked by another process`,
    );
    other.exec('COMMIT');
    other.close();
    expect(await (await open(directory)).profile(ALICE)).toEqual(PROFILE);
  });

  it('when it is a directory', async () => {
    const directory = newDirectory();
    mkdirSync(fileOf(directory));
    expect(await refusalOf(open(directory))).toMatch(/cannot be opened/);
  });

  it('when it belongs to another user', async () => {
    if (!isRoot) return;
    const directory = await madeVault();
    expect(await refusalOf(asUserAsync(() => open(directory)))).toMatch(/cannot be opened/);
    chmodSync(fileOf(directory), 0o644);
    expect(await refusalOf(asUserAsync(() => open(directory)))).toMatch(/cannot be written/);
  });

  it('when it may only be read', async () => {
    const directory = await madeVault();
    chmodSync(fileOf(directory), 0o400);
    if (isRoot) for (const path of [directory, fileOf(directory)]) chownSync(path, NOBODY, NOBODY);
    expect(await refusalOf(asUserAsync(() => open(directory)))).toBe(
      `the vault ${fileOf(directory)} cannot be written: check its owner and mode`,
    );
  });

  it('when the directory cannot be made', async () => {
    const directory = newDirectory();
    if (!isRoot) chmodSync(directory, 0o500);
    const attempt = asUserAsync(() => open(join(directory, 'data')));
    expect(await refusalOf(attempt)).toMatch(/cannot be written/);
  });
});
