import { randomBytes } from 'node:crypto';
import { describe, expect, it } from '@jest/globals';
import type { Subject } from '../../src/domain/identifiers.js';
import type { MasterKeys } from '../../src/vault/master-keys.port.js';
import type { Vault } from '../../src/vault/vault.port.js';
import { runTogether } from './together.js';
import {
  ALICE,
  BOB,
  CLIENT,
  DIGEST,
  HASH,
  keysOf,
  masterKeys,
  PROFILE,
  refusalOf,
} from './vault-fixtures.js';

/** A throw-away vault: the same for every kind of database, so that one contract is tested on all. */
export interface VaultStore {
  /** How its messages name it. */
  readonly name: string;
  /** Opens it, as any number of processes may, and closes it after the test. */
  open(keys?: MasterKeys): Promise<Vault>;
  /** An expression that opens it with `keys`, in a script where './vault/' is the source of the vault. */
  readonly openScript: string;
  /** Every byte that its database keeps of it now. */
  bytes(): Promise<Buffer>;
  /** Changes it behind its back. */
  tamper(statement: string): Promise<void>;
  /** Puts another box in the place of a person's profile. */
  replaceProfile(subject: Subject, box: Buffer): Promise<void>;
  /** The ids of a table's rows that hold anything. */
  heldIds(table: string, column: string): Promise<readonly string[]>;
}

/** Makes an empty throw-away vault. */
export type NewVaultStore = () => Promise<VaultStore>;

/** What every vault promises, whatever database it is kept in. */
export function describeVaultContract(kind: string, newStore: NewVaultStore): void {
  describe(`a vault on ${kind}`, () => {
    describeRows(newStore);
    describe('erasing', () => {
      describeErasure(newStore);
    });
    describe('a row that was tampered with', () => {
      describeTampering(newStore);
    });
    describe('two processes', () => {
      describeProcesses(newStore);
    });
    describe('opening is refused', () => {
      describeRefusals(newStore);
    });
  });
}

function describeRows(newStore: NewVaultStore): void {
  it('gives back what it keeps, also after it was opened again', async () => {
    const store = await newStore();
    const key = randomBytes(138);
    const first = await store.open();
    await first.putSecretDigest('s_1', CLIENT, DIGEST);
    await first.putPasswordHash('p_1', ALICE, HASH);
    await first.putPrivateKey('k_1', key);
    await first.putProfile(ALICE, PROFILE);
    for (const getVault of [() => first, () => store.open()]) {
      const vault = await getVault();
      expect(await vault.secretDigest('s_1')).toEqual(DIGEST);
      expect(await vault.passwordHash('p_1')).toBe(HASH);
      expect(await vault.privateKey('k_1')).toEqual(key);
      expect(await vault.profile(ALICE)).toEqual(PROFILE);
      await vault.close();
    }
  });

  it('knows nothing of other names', async () => {
    const vault = await (await newStore()).open();
    expect(await vault.secretDigest('s_1')).toBeUndefined();
    expect(await vault.passwordHash('p_1')).toBeUndefined();
    expect(await vault.privateKey('k_1')).toBeUndefined();
    expect(await vault.profile(ALICE)).toBeUndefined();
    expect(await vault.profiles([ALICE, BOB])).toEqual(new Map());
    expect(await vault.profiles([])).toEqual(new Map());
  });

  it('never replaces a row, except a profile', async () => {
    const vault = await (await newStore()).open();
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
    const vault = await (await newStore()).open();
    const subjects = Array.from({ length: 1100 }, (_, index) => `u_${index}` as Subject);
    for (const subject of subjects.slice(100))
      await vault.putProfile(subject, { username: subject });
    const profiles = await vault.profiles(subjects);
    expect(profiles.size).toBe(1000);
    expect(profiles.get('u_1099' as Subject)).toEqual({ username: 'u_1099' });
    expect(profiles.has('u_0' as Subject)).toBe(false);
  });

  it('takes many rows at once', async () => {
    const vault = await (await newStore()).open();
    const names = Array.from({ length: 100 }, (_, index) => `k_${index}`);
    await Promise.all(names.map((name) => vault.putPrivateKey(name, Buffer.from(name))));
    const keys = await Promise.all(names.map((name) => vault.privateKey(name)));
    expect(keys.map(String)).toEqual(names);
  });

  it('keeps SHA-256 digests only', async () => {
    const vault = await (await newStore()).open();
    const attempt = vault.putSecretDigest('s_1', CLIENT, Buffer.from('the secret itself'));
    await expect(attempt).rejects.toThrow(RangeError);
  });

  it('reads secret digests once, as their rows never change', async () => {
    const store = await newStore();
    const vault = await store.open();
    await vault.putSecretDigest('s_1', CLIENT, DIGEST);
    await vault.secretDigest('s_1');
    await store.tamper('DELETE FROM secret_digests');
    expect(await vault.secretDigest('s_1')).toEqual(DIGEST);
  });

  it('holds no secret and nothing personal in plain text', async () => {
    const store = await newStore();
    const vault = await store.open();
    const key = randomBytes(138);
    await vault.putSecretDigest('s_1', CLIENT, DIGEST);
    await vault.putPasswordHash('p_1', ALICE, HASH);
    await vault.putPrivateKey('k_1', key);
    await vault.putProfile(ALICE, PROFILE);
    await vault.putAddressRange('r_1', '192.0.2.0/24');
    await vault.putNote('n_1', ALICE, 'it was her sister');
    const search = (bytes: Buffer) => {
      // What is not secret is found: the search works.
      for (const name of ['s_1', 'p_1', 'k_1', 'r_1', 'n_1', ALICE]) {
        expect(bytes.includes(name)).toBe(true);
      }
      const texts = [HASH, 'argon2', 'c2FsdA', '@example', '"alice"', 'Älis', '192.0.2', 'sister'];
      const secrets = [DIGEST, key, ...texts];
      expect(secrets.filter((secret) => bytes.includes(secret))).toEqual([]);
      const encoded = secrets.map((secret) => Buffer.from(secret as string).toString('base64'));
      expect(encoded.filter((secret) => bytes.includes(secret))).toEqual([]);
    };
    search(await store.bytes());
    await vault.close();
    search(await store.bytes());
  });

  it('says clearly that it was closed', async () => {
    const store = await newStore();
    const vault = await store.open();
    await vault.close();
    await vault.close();
    expect(await refusalOf(vault.profile(ALICE))).toMatch(/^the vault .* failed/);
  });
}

function describeErasure(newStore: NewVaultStore): void {
  it('removes profile and password hashes, of this person only', async () => {
    const store = await newStore();
    const vault = await store.open();
    await vault.putProfile(ALICE, PROFILE);
    await vault.putProfile(BOB, { username: 'bob' });
    await vault.putPasswordHash('p_1', ALICE, HASH);
    await vault.putPasswordHash('p_2', ALICE, HASH);
    await vault.putPasswordHash('p_3', BOB, HASH);
    expect(await vault.passwordHash('p_1')).toBe(HASH);
    expect(await vault.erase(ALICE)).toBe(true);
    expect(await vault.erase(ALICE)).toBe(true);
    expect(await vault.profile(ALICE)).toBeUndefined();
    expect(await vault.profiles([ALICE, BOB])).toEqual(new Map([[BOB, { username: 'bob' }]]));
    expect(await vault.passwordHash('p_1')).toBeUndefined();
    expect(await vault.passwordHash('p_2')).toBeUndefined();
    expect(await vault.passwordHash('p_3')).toBe(HASH);
    expect(await store.heldIds('profiles', 'subject')).toEqual([BOB]);
    expect(await store.heldIds('password_hashes', 'credential_id')).toEqual(['p_3']);
  });

  it('forgets notes with the person they are about, or one by one', async () => {
    const store = await newStore();
    const vault = await store.open();
    const words = 'Älis says that it was her sister';
    await vault.putNote('n_1', ALICE, words);
    await vault.putNote('n_2', BOB, words);
    await vault.putNote('n_3', undefined, words);
    await vault.putNote('n_4', BOB, words);
    expect(await vault.note('n_1')).toBe(words);
    await vault.erase(ALICE);
    await vault.eraseNote('n_4');
    const left = ['n_1', 'n_2', 'n_3', 'n_4', 'n_5'].map((noteId) => vault.note(noteId));
    expect(await Promise.all(left)).toEqual([undefined, words, words, undefined, undefined]);
    expect(await store.heldIds('verdict_notes', 'note_id')).toEqual(['n_2', 'n_3']);
  });

  it('forgets the range of addresses of a revocation', async () => {
    const store = await newStore();
    const vault = await store.open();
    expect(await vault.addressRange('r_1')).toBeUndefined();
    await vault.putAddressRange('r_1', '192.0.2.0/24');
    await vault.putAddressRange('r_1', '192.0.2.0/24');
    expect(await vault.addressRange('r_1')).toBe('192.0.2.0/24');
    await vault.eraseAddressRange('r_1');
    expect(await vault.addressRange('r_1')).toBeUndefined();
    expect(await store.heldIds('address_ranges', 'revocation_id')).toEqual([]);
  });
}

function describeTampering(newStore: NewVaultStore): void {
  it.each<[string, (store: VaultStore) => Promise<void>]>([
    ['changed', (store) => store.replaceProfile(ALICE, randomBytes(40))],
    [
      'exchanged for another',
      (store) =>
        store.tamper(
          `UPDATE profiles SET sealed = (SELECT sealed FROM profiles WHERE subject = 'u_bob')
           WHERE subject = 'u_alice'`,
        ),
    ],
    [
      'taken from another table',
      (store) =>
        store.tamper(
          `UPDATE profiles SET sealed = (SELECT sealed FROM private_keys) WHERE subject = 'u_alice'`,
        ),
    ],
  ])('and %s does not open', async (_what, change) => {
    const store = await newStore();
    const vault = await store.open();
    await vault.putProfile(ALICE, PROFILE);
    await vault.putProfile(BOB, { username: 'bob' });
    await vault.putPrivateKey(ALICE, Buffer.from('{}'));
    await change(store);
    expect(await refusalOf(vault.profile(ALICE))).toMatch(/holds a row of profiles that does not/);
    expect(await refusalOf(vault.profiles([BOB, ALICE]))).toMatch(/does not open/);
    expect(await vault.profile(BOB)).toEqual({ username: 'bob' });
  });
}

function describeProcesses(newStore: NewVaultStore): void {
  it('see what the other one wrote, also what was absent before', async () => {
    const store = await newStore();
    const [one, other] = [await store.open(), await store.open()];
    expect(await one.secretDigest('s_1')).toBeUndefined();
    expect(await one.passwordHash('p_1')).toBeUndefined();
    await other.putSecretDigest('s_1', CLIENT, DIGEST);
    await other.putPasswordHash('p_1', ALICE, HASH);
    await other.putProfile(ALICE, PROFILE);
    expect(await one.secretDigest('s_1')).toEqual(DIGEST);
    expect(await one.passwordHash('p_1')).toBe(HASH);
    expect(await one.profile(ALICE)).toEqual(PROFILE);
    await other.putProfile(ALICE, { username: 'alice' });
    expect(await one.profile(ALICE)).toEqual({ username: 'alice' });
    await other.erase(ALICE);
    expect(await one.profile(ALICE)).toBeUndefined();
    expect(await one.passwordHash('p_1')).toBeUndefined();
  });

  it('can start and write together where there is nothing yet', async () => {
    const store = await newStore();
    const outcomes = await runTogether(
      6,
      `const { DerivedMasterKeys } = await import('./vault/master-keys.js');
       const keys = new DerivedMasterKeys(new Map([['1', Buffer.alloc(32, 1)]]));
       const open = ${store.openScript};
       start();
       try {
         const vault = await open(keys);
         for (let row = 0; row < 20; row += 1) {
           await vault.putPrivateKey('k_' + process.pid + '_' + row, Buffer.alloc(64, row));
         }
         await vault.close();
         report({ pid: process.pid });
       } catch (error) { report({ error: error.message }); }`,
    );
    expect(outcomes.filter(({ error }) => error !== undefined)).toEqual([]);
    const vault = await store.open();
    for (const { pid } of outcomes) {
      for (let row = 0; row < 20; row += 1) {
        expect(await vault.privateKey(`k_${String(pid)}_${row}`)).toEqual(Buffer.alloc(64, row));
      }
    }
  });

  it('with different master keys cannot both make the vault', async () => {
    const store = await newStore();
    const outcomes = await runTogether(
      4,
      `const { DerivedMasterKeys } = await import('./vault/master-keys.js');
       const key = Buffer.alloc(32);
       key.writeUInt32BE(process.pid);
       const open = ${store.openScript};
       start();
       try {
         const vault = await open(new DerivedMasterKeys(new Map([['1', key]])));
         await vault.close();
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
}

function describeRefusals(newStore: NewVaultStore): void {
  async function madeStore(): Promise<VaultStore> {
    const store = await newStore();
    const vault = await store.open();
    await vault.putProfile(ALICE, PROFILE);
    await vault.close();
    return store;
  }

  it('with another master key', async () => {
    const store = await madeStore();
    expect(await refusalOf(store.open(keysOf({ '1': 2 })))).toBe(
      `the vault ${store.name} was written under a different master key with the id 1: ` +
        'start with the key that it was made with',
    );
    expect(await (await store.open(masterKeys)).profile(ALICE)).toEqual(PROFILE);
  });

  it('without a master key that was active once', async () => {
    const store = await madeStore();
    await (await store.open(keysOf({ '1': 1, '2': 2 }))).putProfile(BOB, PROFILE);
    const report = /needs master key 1, which is not there: start with the key/;
    expect(await refusalOf(store.open(keysOf({ '2': 2 })))).toMatch(report);
    expect(await refusalOf(store.open(keysOf({ '1': 1, '2': 3 })))).toMatch(/the id 2/);
    const rotated = await store.open(keysOf({ '1': 1, '2': 2 }));
    expect([...(await rotated.profiles([ALICE, BOB])).values()]).toEqual([PROFILE, PROFILE]);
  });

  it('with another master key, and then keeps nobody out who has the right one', async () => {
    const store = await madeStore();
    expect(await refusalOf(store.open(keysOf({ '1': 2, '2': 2 })))).toMatch(/the id 1/);
    expect(await (await store.open(masterKeys)).profile(ALICE)).toEqual(PROFILE);
  });

  it('when a newer version wrote it', async () => {
    const store = await madeStore();
    await store.tamper(`INSERT INTO migrations (timestamp, name) VALUES (9, 'Later9')`);
    expect(await refusalOf(store.open())).toBe(
      `the vault ${store.name} was written by a newer version of Token Ledger (schema Later9)`,
    );
  });
}
