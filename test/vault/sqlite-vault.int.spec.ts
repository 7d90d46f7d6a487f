import { randomBytes } from 'node:crypto';
import { chmodSync, readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import BetterSqlite3 from 'better-sqlite3';
import type { DataSource } from 'typeorm';
import type { Subject } from '../../src/domain/identifiers.js';
import { openVault } from '../../src/vault/sqlite-vault.js';
import { openVaultDatabase } from '../../src/vault/vault-database.js';
import { temporaryDirectories } from './temporary-directory.js';
import {
  ALICE,
  BOB,
  bytesOf,
  CLIENT,
  DIGEST,
  HASH,
  masterKeys,
  open,
  PROFILE,
  refusalOf,
  tamper,
} from './vault-fixtures.js';

const newDirectory = temporaryDirectories();

describe('the vault', () => {
  it('gives back what it keeps, also after it was opened again', async () => {
    const directory = newDirectory();
    const key = randomBytes(138);
    const first = await open(directory);
    await first.putSecretDigest('s_1', CLIENT, DIGEST);
    await first.putPasswordHash('p_1', ALICE, HASH);
    await first.putPrivateKey('k_1', key);
    await first.putProfile(ALICE, PROFILE);
    for (const getVault of [() => first, () => open(directory)]) {
      const vault = await getVault();
      expect(await vault.secretDigest('s_1')).toEqual(DIGEST);
      expect(await vault.passwordHash('p_1')).toBe(HASH);
      expect(await vault.privateKey('k_1')).toEqual(key);
      expect(await vault.profile(ALICE)).toEqual(PROFILE);
      await vault.close();
    }
  });

  it('knows nothing of other names', async () => {
    const vault = await open(newDirectory());
    expect(await vault.secretDigest('s_1')).toBeUndefined();
    expect(await vault.passwordHash('p_1')).toBeUndefined();
    expect(await vault.privateKey('k_1')).toBeUndefined();
    expect(await vault.profile(ALICE)).toBeUndefined();
    expect(await vault.profiles([ALICE, BOB])).toEqual(new Map());
    expect(await vault.profiles([])).toEqual(new Map());
  });

  it('never replaces a row, except a profile', async () => {
    const vault = await open(newDirectory());
    await vault.putSecretDigest('s_1', CLIENT, DIGEST);
    await vault.putPasswordHash('p_1', ALICE, HASH);
    await vault.putPrivateKey('k_1', Buffer.from('key'));
    const taken = /holds a row of this name already/;
    expect(await refusalOf(vault.putSecretDigest('s_1', CLIENT, DIGEST))).toMatch(taken);
    expect(await refusalOf(vault.putPasswordHash('p_1', BOB, HASH))).toMatch(taken);
    expect(await refusalOf(vault.putPrivateKey('k_1', Buffer.from('x')))).toMatch(taken);
    expect(await vault.privateKey('k_1')).toEqual(Buffer.from('key'));

    await vault.putProfile(ALICE, PROFILE);
    await vault.putProfile(ALICE, { username: 'alice' });
    expect(await vault.profile(ALICE)).toEqual({ username: 'alice' });
  });

  it('keeps notes, which are forgotten with the person they are about, or one by one', async () => {
    const directory = newDirectory();
    const vault = await open(directory);
    const words = 'Älis says that it was her sister';
    await vault.putNote('n_1', ALICE, words);
    await vault.putNote('n_2', BOB, words);
    await vault.putNote('n_3', undefined, words);
    await vault.putNote('n_4', BOB, words);
    expect(bytesOf(directory).includes('her sister')).toBe(false);
    expect(await vault.note('n_1')).toBe(words);
    await vault.erase(ALICE);
    await vault.eraseNote('n_4');
    const left = ['n_1', 'n_2', 'n_3', 'n_4', 'n_5'].map((noteId) => vault.note(noteId));
    expect(await Promise.all(left)).toEqual([undefined, words, words, undefined, undefined]);
    const rows = new BetterSqlite3(join(directory, 'vault.sqlite'), { readonly: true });
    const kept = rows.prepare(
      "SELECT note_id FROM verdict_notes WHERE trim(hex(sealed), '0') <> ''",
    );
    expect(kept.pluck().all()).toEqual(['n_2', 'n_3']);
    rows.close();
  });

  it('lists many profiles', async () => {
    const vault = await open(newDirectory());
    const subjects = Array.from({ length: 1100 }, (_, index) => `u_${index}` as Subject);
    await Promise.all(
      subjects.slice(100).map((subject) => vault.putProfile(subject, { username: subject })),
    );
    const profiles = await vault.profiles(subjects);
    expect(profiles.size).toBe(1000);
    expect(profiles.get('u_1099' as Subject)).toEqual({ username: 'u_1099' });
    expect(profiles.has('u_0' as Subject)).toBe(false);
  });

  it('keeps SHA-256 digests only', async () => {
    const vault = await open(newDirectory());
    const attempt = vault.putSecretDigest('s_1', CLIENT, Buffer.from('the secret itself'));
    await expect(attempt).rejects.toThrow(RangeError);
  });

  it('holds no secret and nothing personal in plain text', async () => {
    const directory = newDirectory();
    const vault = await open(directory);
    const key = randomBytes(138);
    await vault.putSecretDigest('s_1', CLIENT, DIGEST);
    await vault.putPasswordHash('p_1', ALICE, HASH);
    await vault.putPrivateKey('k_1', key);
    await vault.putProfile(ALICE, PROFILE);
    const search = (bytes: Buffer) => {
      // What is not secret is found: the search works.
      for (const name of ['s_1', 'p_1', 'k_1', ALICE]) expect(bytes.includes(name)).toBe(true);
      const secrets = [DIGEST, key, HASH, 'argon2', 'c2FsdA', '@example', '"alice"', 'Älis'];
      expect(secrets.filter((secret) => bytes.includes(secret))).toEqual([]);
      const encoded = secrets.map((secret) => Buffer.from(secret as string).toString('base64'));
      expect(encoded.filter((secret) => bytes.includes(secret))).toEqual([]);
    };
    search(bytesOf(directory));
    await vault.close();
    search(bytesOf(directory));
  });

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
    const source = await openVaultDatabase(join(newDirectory(), 'vault.sqlite'), 100);
    expect(await source.query('PRAGMA synchronous')).toEqual([{ synchronous: 2 }]);
    expect(await source.query('PRAGMA journal_mode')).toEqual([{ journal_mode: 'wal' }]);
    expect(await source.query('PRAGMA secure_delete')).toEqual([{ secure_delete: 1 }]);
    await source.destroy();
  });

  it('has the schema that its entities describe', async () => {
    const source = await openVaultDatabase(join(newDirectory(), 'vault.sqlite'), 100);
    const { upQueries } = await source.driver.createSchemaBuilder().log();
    expect(upQueries.map(({ query }) => query)).toEqual([]);
    await source.destroy();
  });

  it('waits five seconds for other processes', async () => {
    const vault = await openVault({ dataDirectory: newDirectory() }, masterKeys);
    const { source } = vault as unknown as { source: DataSource };
    expect(await source.query('PRAGMA busy_timeout')).toEqual([{ timeout: 5000 }]);
    await vault.close();
  });

  it('says clearly that it was closed', async () => {
    const vault = await openVault({ dataDirectory: newDirectory() }, masterKeys);
    await vault.close();
    await vault.close();
    expect(await refusalOf(vault.profile(ALICE))).toMatch(/^the vault .* failed/);
  });
});

describe('erasing a person', () => {
  it('removes profile and password hashes, of this person only', async () => {
    const vault = await open(newDirectory());
    await vault.putProfile(ALICE, PROFILE);
    await vault.putProfile(BOB, { username: 'bob' });
    await vault.putPasswordHash('p_1', ALICE, HASH);
    await vault.putPasswordHash('p_2', ALICE, HASH);
    await vault.putPasswordHash('p_3', BOB, HASH);
    expect(await vault.passwordHash('p_1')).toBe(HASH);
    await vault.erase(ALICE);
    await vault.erase(ALICE);
    expect(await vault.profile(ALICE)).toBeUndefined();
    expect(await vault.profiles([ALICE, BOB])).toEqual(new Map([[BOB, { username: 'bob' }]]));
    expect(await vault.passwordHash('p_1')).toBeUndefined();
    expect(await vault.passwordHash('p_2')).toBeUndefined();
    expect(await vault.passwordHash('p_3')).toBe(HASH);
  });

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

describe('the range of addresses of a revocation', () => {
  it('is kept in a sealed box until it is erased', async () => {
    const directory = newDirectory();
    const vault = await open(directory);
    expect(await vault.addressRange('r_1')).toBeUndefined();
    await vault.putAddressRange('r_1', '192.0.2.0/24');
    await vault.putAddressRange('r_1', '192.0.2.0/24');
    expect(await vault.addressRange('r_1')).toBe('192.0.2.0/24');
    expect(bytesOf(directory).includes('192.0.2.0')).toBe(false);
    await vault.eraseAddressRange('r_1');
    expect(await vault.addressRange('r_1')).toBeUndefined();
  });
});

describe('secret digests', () => {
  it('are read once, as rows never change', async () => {
    const directory = newDirectory();
    const vault = await open(directory);
    await vault.putSecretDigest('s_1', CLIENT, DIGEST);
    await vault.secretDigest('s_1');
    tamper(directory, 'DELETE FROM secret_digests');
    expect(await vault.secretDigest('s_1')).toEqual(DIGEST);
  });
});

describe('a row that was tampered with', () => {
  it.each([
    ['changed', `UPDATE profiles SET sealed = randomblob(40) WHERE subject = 'u_alice'`],
    [
      'exchanged for another',
      `UPDATE profiles SET sealed = (SELECT sealed FROM profiles WHERE subject = 'u_bob')
       WHERE subject = 'u_alice'`,
    ],
    [
      'taken from another table',
      `UPDATE profiles SET sealed = (SELECT sealed FROM private_keys) WHERE subject = 'u_alice'`,
    ],
  ])('and %s does not open', async (_what, statement) => {
    const directory = newDirectory();
    const vault = await open(directory);
    await vault.putProfile(ALICE, PROFILE);
    await vault.putProfile(BOB, { username: 'bob' });
    await vault.putPrivateKey(ALICE, Buffer.from('{}'));
    tamper(directory, statement);
    expect(await refusalOf(vault.profile(ALICE))).toMatch(/holds a row of profiles that does not/);
    expect(await refusalOf(vault.profiles([BOB, ALICE]))).toMatch(/does not open/);
    expect(await vault.profile(BOB)).toEqual({ username: 'bob' });
  });
});
