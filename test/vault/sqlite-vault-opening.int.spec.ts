import { randomBytes } from 'node:crypto';
import { chmodSync, chownSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import BetterSqlite3 from 'better-sqlite3';
import { SealedBox } from '../../src/vault/sealed-box.js';
import { asUserAsync, isRoot, NOBODY } from './as-user.js';
import { temporaryDirectories } from './temporary-directory.js';
import { ALICE, masterKeys, open, PROFILE, refusalOf } from './vault-fixtures.js';

const newDirectory = temporaryDirectories();

describe('two processes', () => {
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
});

describe('opening a file as the vault is refused', () => {
  async function madeVault(): Promise<string> {
    const directory = newDirectory();
    const vault = await open(directory);
    await vault.putProfile(ALICE, PROFILE);
    await vault.close();
    return directory;
  }
  const fileOf = (directory: string) => join(directory, 'vault.sqlite');

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
