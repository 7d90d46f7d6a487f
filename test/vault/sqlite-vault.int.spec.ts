import { createHash, randomBytes } from 'node:crypto';
import { chmodSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from '@jest/globals';
import BetterSqlite3 from 'better-sqlite3';
import type { DataSource } from 'typeorm';
import type { ClientId, Subject } from '../../src/domain/identifiers.js';
import { DerivedMasterKeys } from '../../src/vault/master-keys.js';
import { SealedBox } from '../../src/vault/sealed-box.js';
import { openVault } from '../../src/vault/sqlite-vault.js';
import { openVaultDatabase } from '../../src/vault/vault-database.js';
import { VaultError } from '../../src/vault/vault.errors.js';
import type { Vault } from '../../src/vault/vault.port.js';
import { asUserAsync, isRoot } from './as-user.js';
import { temporaryDirectories } from './temporary-directory.js';
import { runTogether } from './together.js';

const newDirectory = temporaryDirectories();
const ALICE = 'u_alice' as Subject;
const BOB = 'u_bob' as Subject;
const CLIENT = 'c_1' as ClientId;
const DIGEST = createHash('sha256').update('client secret').digest();
const HASH = '$argon2id$v=19$m=19456,p=1,t=2$c2FsdA$aGFzaA';
const PROFILE = {
  username: 'alice',
  email: 'alice@example.test',
  emailVerified: true,
  name: 'Älis',
};
const opened: Vault[] = [];

function keysOf(fills: Readonly<Record<string, number>>): DerivedMasterKeys {
  return new DerivedMasterKeys(
    new Map(Object.entries(fills).map(([keyId, fill]) => [keyId, Buffer.alloc(32, fill)])),
  );
}

const masterKeys = keysOf({ '1': 1 });

async function open(dataDirectory: string, keys = masterKeys): Promise<Vault> {
  const vault = await openVault({ dataDirectory }, keys, 100);
  opened.push(vault);
  return vault;
}

const refusalOf = async (attempt: Promise<unknown>): Promise<string> => {
  const error = await attempt.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  expect(error).toBeInstanceOf(VaultError);
  const { message } = error as VaultError;
  expect(message).not.toContain('\n');
  return message;
};

/** Every byte of the vault's files. */
function bytesOf(directory: string): Buffer {
  const files = readdirSync(directory).filter((name) => name.startsWith('vault.sqlite'));
  return Buffer.concat(files.map((name) => readFileSync(join(directory, name))));
}

function tamper(directory: string, statement: string): void {
  const database = new BetterSqlite3(join(directory, 'vault.sqlite'));
  database.exec(statement);
  database.close();
}

afterEach(async () => {
  await Promise.all(opened.splice(0).map((vault) => vault.close()));
});

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
    opened.push(vault);
    const { source } = vault as unknown as { source: DataSource };
    expect(await source.query('PRAGMA busy_timeout')).toEqual([{ timeout: 5000 }]);
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
});

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
    const vault = await openVault({ dataDirectory: directory }, { activeKeyId: '1', derive }, 1000);
    opened.push(vault);
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
      expect(refusal).toMatch(/was written under another master key 1/);
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

describe('opening the vault is refused', () => {
  async function madeVault(keys = masterKeys): Promise<string> {
    const directory = newDirectory();
    const vault = await openVault({ dataDirectory: directory }, keys);
    await vault.putProfile(ALICE, PROFILE);
    await vault.close();
    return directory;
  }
  const fileOf = (directory: string) => join(directory, 'vault.sqlite');

  it('with another master key', async () => {
    const directory = await madeVault();
    expect(await refusalOf(open(directory, keysOf({ '1': 2 })))).toBe(
      `the vault ${fileOf(directory)} was written under another master key 1: ` +
        'start with the key that it was made with',
    );
    expect(await (await open(directory)).profile(ALICE)).toEqual(PROFILE);
  });

  it('without a master key that was active once', async () => {
    const directory = await madeVault();
    await (await open(directory, keysOf({ '1': 1, '2': 2 }))).putProfile(BOB, PROFILE);
    const report = /needs master key 1, which is not there: start with the key/;
    expect(await refusalOf(open(directory, keysOf({ '2': 2 })))).toMatch(report);
    expect(await refusalOf(open(directory, keysOf({ '1': 1, '2': 3 })))).toMatch(/master key 2/);
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

  it('when the user may not write it', async () => {
    const directory = await madeVault();
    chmodSync(fileOf(directory), isRoot ? 0o644 : 0o400);
    expect(await refusalOf(asUserAsync(() => open(directory)))).toMatch(/cannot be written/);
  });

  it('when the directory cannot be made', async () => {
    const directory = newDirectory();
    if (!isRoot) chmodSync(directory, 0o500);
    const attempt = asUserAsync(() => open(join(directory, 'data')));
    expect(await refusalOf(attempt)).toMatch(/cannot be written/);
  });
});

describe('a row that was tampered with', () => {
  it.each([
    ['changed', `UPDATE profiles SET sealed = zeroblob(40) WHERE subject = 'u_alice'`],
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
