import { afterEach, beforeEach, expect, it } from '@jest/globals';
import type { Subject } from '../../src/domain/identifiers.js';
import { openPostgresVault } from '../../src/vault/postgres-vault.js';
import { openVaultTransfer, type VaultTransfer } from '../../src/vault/vault-transfer.js';
import { usePostgres } from '../support/postgres-of-file.js';
import { ask, newDatabaseUrl } from './postgres-fixtures.js';
import { temporaryDirectories } from './temporary-directory.js';
import {
  ALICE,
  BOB,
  CLIENT,
  closedAfterTest,
  DIGEST,
  HASH,
  masterKeys,
  open,
  PROFILE,
  refusalOf,
} from './vault-fixtures.js';

/** More than are copied at once. */
const PEOPLE = 1100;

const newDirectory = temporaryDirectories();
const postgres = usePostgres();

let dataDirectory: string;
let url: string;
let transfer: VaultTransfer | undefined;

/** Secrets, many people, and one who was erased. */
beforeEach(async () => {
  dataDirectory = newDirectory();
  url = await newDatabaseUrl(postgres());
  const vault = await open(dataDirectory);
  await vault.putSecretDigest('s_1', CLIENT, DIGEST);
  await vault.putPrivateKey('k_1', Buffer.from('a private key'));
  await vault.putPasswordHash('p_alice', ALICE, HASH);
  await vault.putPasswordHash('p_bob', BOB, HASH);
  await vault.putProfile(BOB, PROFILE);
  await vault.putAddressRange('r_1', '192.0.2.0/24');
  await vault.putNote('n_1', ALICE, 'a note');
  for (let at = 0; at < PEOPLE; at += 1) {
    await vault.putProfile(`u_${at}` as Subject, { username: `name-${at}` });
  }
  await vault.erase(BOB);
  await vault.close();
});

afterEach(async () => {
  await transfer?.close();
  transfer = undefined;
});

const begin = async (): Promise<VaultTransfer> => {
  transfer = await openVaultTransfer({ dataDirectory }, url);
  return transfer;
};

it('copies every sealed box, which opens under the same master key', async () => {
  const { isTargetEmpty, run } = await begin();
  expect(await isTargetEmpty()).toBe(true);
  // One of each and the canary; two password hashes, and the profile of one who was erased.
  expect(await run()).toBe(PEOPLE + 8);
  expect(await isTargetEmpty()).toBe(false);
  expect(await run()).toBe(0);
  const vault = await closedAfterTest(openPostgresVault(url, masterKeys));
  expect(await vault.secretDigest('s_1')).toEqual(DIGEST);
  expect(await vault.privateKey('k_1')).toEqual(Buffer.from('a private key'));
  expect(await vault.passwordHash('p_alice')).toBe(HASH);
  expect(await vault.addressRange('r_1')).toBe('192.0.2.0/24');
  expect(await vault.note('n_1')).toBe('a note');
  expect(await vault.profile(`u_${PEOPLE - 1}` as Subject)).toEqual({
    username: `name-${PEOPLE - 1}`,
  });
  expect(await vault.profile(BOB)).toBeUndefined();
  expect(await vault.passwordHash('p_bob')).toBeUndefined();
});

it('goes on where it was cut short, and takes over what has changed since', async () => {
  await (await begin()).run();
  await transfer?.close();
  const source = await open(dataDirectory);
  await source.putProfile(ALICE, PROFILE);
  await source.erase('u_7' as Subject);
  await source.close();
  await ask(url, `DELETE FROM profiles WHERE subject IN ('u_8', 'u_999')`);
  await ask(url, `INSERT INTO private_keys VALUES ('k_0', '\\x00'), ('k_2', '\\x00')`);
  const { run } = await begin();
  expect(await run()).toBe(6);
  expect(await run()).toBe(0);
  expect(await ask(url, 'SELECT vault_id FROM private_keys')).toEqual(['k_1']);
  const vault = await closedAfterTest(openPostgresVault(url, masterKeys));
  expect(await vault.profile(ALICE)).toEqual(PROFILE);
  expect(await vault.profile('u_7' as Subject)).toBeUndefined();
  expect(await vault.profile('u_999' as Subject)).toEqual({ username: 'name-999' });
});

it('takes no change to the vault until it is closed', async () => {
  const source = await open(dataDirectory);
  await begin();
  const isLocked = /is locked by another process$/;
  expect(await refusalOf(source.putProfile(ALICE, PROFILE))).toMatch(isLocked);
  await transfer?.close();
  transfer = undefined;
  await source.putProfile(ALICE, PROFILE);
});
