import { chmodSync, readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import BetterSqlite3 from 'better-sqlite3';
import type { Subject } from '../../src/domain/identifiers.js';
import { openVault } from '../../src/vault/sqlite-vault.js';
import { openSqliteVaultDatabase } from '../../src/vault/sqlite-vault-database.js';
import type { VaultDatabase } from '../../src/vault/vault-database.js';
import { temporaryDirectories } from './temporary-directory.js';
import { describeVaultContract, type VaultStore } from './vault-contract.js';
import { ALICE, BOB, bytesOf, HASH, masterKeys, open, PROFILE, tamper } from './vault-fixtures.js';

const newDirectory = temporaryDirectories();

function sqliteStore(): VaultStore {
  const dataDirectory = join(newDirectory(), 'data');
  const file = join(dataDirectory, 'vault.sqlite');
  return {
    name: file,
    open: (keys) => open(dataDirectory, keys),
    openScript: `await import('./vault/sqlite-vault.js').then(({ openVault }) =>
      (keys) => openVault(${JSON.stringify({ dataDirectory })}, keys))`,
    bytes: () => Promise.resolve(bytesOf(dataDirectory)),
    tamper: (statement) => Promise.resolve(tamper(dataDirectory, statement)),
    replaceProfile: (subject, box) => {
      const hex = box.toString('hex');
      const statement = `UPDATE profiles SET sealed = x'${hex}' WHERE subject = '${subject}'`;
      return Promise.resolve(tamper(dataDirectory, statement));
    },
    heldIds: (table, column) => {
      const database = new BetterSqlite3(file, { readonly: true });
      const held = `SELECT ${column} FROM ${table} WHERE trim(hex(sealed), '0') <> '' ORDER BY 1`;
      const ids = database.prepare<[], string>(held).pluck().all();
      database.close();
      return Promise.resolve(ids);
    },
  };
}

describeVaultContract('SQLite', () => Promise.resolve(sqliteStore()));

describe('the file of a vault', () => {
  it('is for its owner alone', async () => {
    const parent = newDirectory();
    const directory = join(parent, 'data');
    const vault = await open(directory);
    await vault.putProfile(ALICE, PROFILE);
    expect(statSync(directory).mode & 0o777).toBe(0o700);
    const files = readdirSync(directory);
    expect(files.toSorted()).toEqual(['vault.sqlite', 'vault.sqlite-shm', 'vault.sqlite-wal']);
    for (const name of files) expect(statSync(join(directory, name)).mode & 0o777).toBe(0o600);
  });

  it('is taken away from others who could read it', async () => {
    const directory = newDirectory();
    await (await open(directory)).close();
    chmodSync(join(directory, 'vault.sqlite'), 0o644);
    await open(directory);
    expect(statSync(join(directory, 'vault.sqlite')).mode & 0o777).toBe(0o600);
  });

  it('is durable: every commit is synchronized, and what is deleted is overwritten', async () => {
    const { source } = await openSqliteVaultDatabase(join(newDirectory(), 'vault.sqlite'), 100);
    expect(await source.query('PRAGMA synchronous')).toEqual([{ synchronous: 2 }]);
    expect(await source.query('PRAGMA journal_mode')).toEqual([{ journal_mode: 'wal' }]);
    expect(await source.query('PRAGMA secure_delete')).toEqual([{ secure_delete: 1 }]);
    await source.destroy();
  });

  it('has the schema that its entities describe', async () => {
    const { source } = await openSqliteVaultDatabase(join(newDirectory(), 'vault.sqlite'), 100);
    const { upQueries } = await source.driver.createSchemaBuilder().log();
    expect(upQueries.map(({ query }) => query)).toEqual([]);
    await source.destroy();
  });

  it('waits five seconds for other processes', async () => {
    const vault = await openVault({ dataDirectory: newDirectory() }, masterKeys);
    const { source } = (vault as unknown as { database: VaultDatabase }).database;
    expect(await source.query('PRAGMA busy_timeout')).toEqual([{ timeout: 5000 }]);
    await vault.close();
  });
});

describe('erasing a person in a file', () => {
  it('leaves no byte of the sealed rows in the files', async () => {
    const directory = newDirectory();
    const vault = await open(directory);
    await vault.putProfile(BOB, { username: 'bob' });
    await vault.putProfile(ALICE, { ...PROFILE, name: 'x'.repeat(10_000) });
    await vault.putPasswordHash('p_1', ALICE, HASH);
    const reader = new BetterSqlite3(join(directory, 'vault.sqlite'), { readonly: true });
    const sealed = ['profiles', 'password_hashes'].map(
      (table) =>
        reader
          .prepare(`SELECT sealed FROM ${table} WHERE subject = ?`)
          .pluck()
          .get(ALICE) as Buffer,
    );
    reader.close();
    const traces = sealed.flatMap((box) => [box.subarray(3, 35), box.subarray(-32)]);
    const found = () => traces.filter((trace) => bytesOf(directory).includes(trace)).length;
    expect(found()).toBe(4);
    await vault.erase(ALICE);
    expect(found()).toBe(0);
  });

  it('leaves no copy of a box among thousands, when persons are erased one by one', async () => {
    const directory = newDirectory();
    const vault = await open(directory);
    let drawn = 1;
    const draw = (below: number): number => (drawn = (drawn * 16_807) % 2_147_483_647) % below;
    const subjects = Array.from({ length: 2000 }, (_, index) => `u_${index}` as Subject);
    for (const subject of subjects) {
      await vault.putProfile(subject, { username: 'x'.repeat(12 + draw(330)) });
    }
    const reader = new BetterSqlite3(join(directory, 'vault.sqlite'), { readonly: true });
    const boxOf = reader.prepare<[string], Buffer>('SELECT sealed FROM profiles WHERE subject = ?');
    const boxes = subjects.map((subject) => boxOf.pluck().get(subject) ?? Buffer.alloc(0));
    reader.close();
    const erased = subjects.flatMap((_, index) => (index > 0 && draw(5) < 3 ? [index] : []));
    for (const index of erased) expect(await vault.erase(`u_${index}` as Subject)).toBe(true);
    const bytes = bytesOf(directory);
    const left = erased.filter((index) => bytes.includes(boxes[index]?.subarray(3, 35) ?? ''));
    expect(left).toEqual([]);
    expect(bytes.includes(boxes[0]?.subarray(3, 35) ?? '')).toBe(true);
  });

  it('says that it is not done while somebody reads the file as it was', async () => {
    const directory = newDirectory();
    const vault = await open(directory);
    await vault.putProfile(ALICE, PROFILE);
    const reader = new BetterSqlite3(join(directory, 'vault.sqlite'), { readonly: true });
    reader.exec('BEGIN');
    reader.prepare('SELECT count(*) FROM profiles').get();
    expect(await vault.erase(ALICE)).toBe(false);
    expect(await vault.profile(ALICE)).toBeUndefined();
    reader.close();
    expect(await vault.erase(ALICE)).toBe(true);
  });
});
