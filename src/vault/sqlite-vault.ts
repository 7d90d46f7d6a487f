import type { Settings } from '../config/settings.js';
import type { MasterKeys } from './master-keys.port.js';
import { openSealedVault } from './sealed-vault.js';
import { openSqliteVaultDatabase } from './sqlite-vault-database.js';
import { vaultFileOf } from './vault-file.js';
import type { VaultDatabase } from './vault-database.js';
import { vaultErrorOf } from './vault.errors.js';
import type { Vault } from './vault.port.js';

const BUSY_TIMEOUT = 5000;

/**
 * Opens the vault in the data directory, made if need be (mode 0600). Other processes may have it
 * open too; `busyTimeout` is how long a statement waits for them, in milliseconds. Throws a VaultError
 * of one line: locked, damaged, read-only, of a newer version, or written under other master keys.
 */
export function openVault(
  settings: Pick<Settings, 'dataDirectory'>,
  masterKeys: MasterKeys,
  busyTimeout = BUSY_TIMEOUT,
): Promise<Vault> {
  const file = vaultFileOf(settings.dataDirectory);
  return openSealedVault(file, () => openSqliteVaultDatabase(file, busyTimeout), masterKeys);
}

/**
 * Opens the tables of the vault in the data directory and holds them as they are: nobody writes to them
 * until they are closed. Throws a VaultError like `openVault`.
 */
export async function holdVault(settings: Pick<Settings, 'dataDirectory'>): Promise<VaultDatabase> {
  const file = vaultFileOf(settings.dataDirectory);
  let database: VaultDatabase | undefined;
  try {
    database = await openSqliteVaultDatabase(file, BUSY_TIMEOUT);
    await database.source.query('BEGIN IMMEDIATE');
    return database;
  } catch (error) {
    await database?.source.destroy();
    throw vaultErrorOf(error, file);
  }
}
