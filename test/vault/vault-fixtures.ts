import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, expect } from '@jest/globals';
import BetterSqlite3 from 'better-sqlite3';
import type { ClientId, Subject } from '../../src/domain/identifiers.js';
import { DerivedMasterKeys } from '../../src/vault/master-keys.js';
import type { MasterKeys } from '../../src/vault/master-keys.port.js';
import { openVault } from '../../src/vault/sqlite-vault.js';
import { VaultError } from '../../src/vault/vault.errors.js';
import type { Vault } from '../../src/vault/vault.port.js';

export const ALICE = 'u_alice' as Subject;
export const BOB = 'u_bob' as Subject;
export const CLIENT = 'c_1' as ClientId;
export const DIGEST = createHash('sha256').update('client secret').digest();
export const HASH = '$argon2id$v=19$m=19456,p=1,t=2$c2FsdA$aGFzaA';
export const PROFILE = {
  username: 'alice',
  email: 'alice@example.test',
  emailVerified: true,
  name: 'Älis',
};

const opened: Vault[] = [];

afterEach(async () => {
  await Promise.all(opened.splice(0).map((vault) => vault.close()));
});

/** Master keys whose bytes are all of one value, by key id. */
export function keysOf(fills: Readonly<Record<string, number>>): DerivedMasterKeys {
  return new DerivedMasterKeys(
    new Map(Object.entries(fills).map(([keyId, fill]) => [keyId, Buffer.alloc(32, fill)])),
  );
}

export const masterKeys = keysOf({ '1': 1 });

/** Opens a vault on SQLite that hardly waits for others, and closes it after the test. */
export function open(
  dataDirectory: string,
  keys: MasterKeys = masterKeys,
  busyTimeout = 100,
): Promise<Vault> {
  return closedAfterTest(openVault({ dataDirectory }, keys, busyTimeout));
}

/** Closes a vault after the test, when it was opened at all. */
export async function closedAfterTest(opening: Promise<Vault>): Promise<Vault> {
  const vault = await opening;
  opened.push(vault);
  return vault;
}

/** The one line with which the vault refuses. */
export async function refusalOf(attempt: Promise<unknown>): Promise<string> {
  const error = await attempt.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  expect(error).toBeInstanceOf(VaultError);
  const { message } = error as VaultError;
  expect(message).not.toContain('\n');
  return message;
}

/** Every byte of the vault's files. */
export function bytesOf(directory: string): Buffer {
  const files = readdirSync(directory).filter((name) => name.startsWith('vault.sqlite'));
  return Buffer.concat(files.map((name) => readFileSync(join(directory, name))));
}

/** Changes a vault behind its back. */
export function tamper(directory: string, statement: string): void {
  const database = new BetterSqlite3(join(directory, 'vault.sqlite'));
  database.exec(statement);
  database.close();
}
