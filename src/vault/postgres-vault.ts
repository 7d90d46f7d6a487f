import pg from 'pg';
import { databaseName, isPostgresUrl } from '../config/settings.js';
import type { MasterKeys } from './master-keys.port.js';
import { openPostgresVaultDatabase, takeVaultLock } from './postgres-vault-database.js';
import { openSealedVault } from './sealed-vault.js';
import type { VaultDatabase } from './vault-database.js';
import type { Vault } from './vault.port.js';
import { VaultError, vaultErrorOf } from './vault.errors.js';

const STATEMENT_TIMEOUT = 5000;

/** What the role that serves requests may do: it erases persons, and replaces and loses nothing else. */
const RUNTIME_GRANTS = [
  'USAGE ON SCHEMA vault',
  'SELECT ON ALL TABLES IN SCHEMA vault',
  'INSERT, UPDATE, DELETE ON vault.profiles, vault.address_ranges',
  'INSERT, DELETE ON vault.password_hashes, vault.verdict_notes',
  'INSERT ON vault.secret_digests, vault.private_keys, vault.canaries',
];

/**
 * Opens the vault in the schema `vault` of a PostgreSQL database, made if need be. Any number of
 * processes share it; all need the same master keys. `url` is `postgresql://user:password@host/database`
 * with the parameters that libpq knows; `statementTimeout` is what a statement may take, in milliseconds.
 * Throws a VaultError of one line that never holds the password: out of reach, user or password refused,
 * read-only, of a newer version, or written under other master keys.
 */
export async function openPostgresVault(
  url: string,
  masterKeys: MasterKeys,
  statementTimeout = STATEMENT_TIMEOUT,
): Promise<Vault> {
  const name = nameOf(url);
  return openSealedVault(
    name,
    () => openPostgresVaultDatabase(url, name, statementTimeout),
    masterKeys,
  );
}

/**
 * Makes or migrates the vault as the role that is to own it, and lets another role use it. Throws like
 * `openPostgresVault`.
 */
export async function preparePostgresVault(ownerUrl: string, runtimeRole: string): Promise<void> {
  const { source, name } = await openPostgresVaultTables(ownerUrl);
  try {
    const role = pg.escapeIdentifier(runtimeRole);
    await source.transaction(async (manager) => {
      // Two that grant at once would fail with each other's changes.
      await takeVaultLock(manager);
      await manager.query(RUNTIME_GRANTS.map((right) => `GRANT ${right} TO ${role}`).join(';'));
    });
  } catch (error) {
    throw vaultErrorOf(error, name);
  } finally {
    await source.destroy();
  }
}

/** Opens the tables of the vault alone, made or migrated if need be. Throws like `openPostgresVault`. */
export async function openPostgresVaultTables(ownerUrl: string): Promise<VaultDatabase> {
  const name = nameOf(ownerUrl);
  try {
    return await openPostgresVaultDatabase(ownerUrl, name, STATEMENT_TIMEOUT);
  } catch (error) {
    throw vaultErrorOf(error, name);
  }
}

/** The URL without user, password and parameters. One that could be read in two ways is refused. */
function nameOf(url: string): string {
  if (isPostgresUrl(url)) return `postgresql://${databaseName(url)}`;
  throw new VaultError(
    'the URL of the vault is not postgresql://user:password@host/database: ' +
      'special characters of the password must be percent-encoded',
  );
}
