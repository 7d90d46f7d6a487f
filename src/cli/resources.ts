import type { Settings } from '../config/settings.js';
import type { Ledger } from '../ledger/ledger.port.js';
import { openSqliteLedger } from '../ledger/sqlite/open-sqlite-ledger.js';
import type { LedgerObserver } from '../ledger/sqlite/sqlite-ledger.js';
import { loadMasterKeys } from '../vault/master-keys.js';
import type { MasterKeys } from '../vault/master-keys.port.js';
import { openVault } from '../vault/sqlite-vault.js';
import type { Vault } from '../vault/vault.port.js';

/** What a process holds open as long as it runs. */
export interface Resources {
  readonly settings: Settings;
  readonly masterKeys: MasterKeys;
  readonly ledger: Ledger;
  readonly vault: Vault;
}

/**
 * Opens ledger, vault and master key, made and migrated if need be. Throws an error of one clear line
 * and leaves nothing open.
 */
export async function openResources(
  settings: Settings,
  role: 'server' | 'command_line',
  observer?: LedgerObserver,
): Promise<Resources> {
  const ledger = await openSqliteLedger({
    settings,
    role,
    ...(observer === undefined ? {} : { observer }),
  });
  try {
    const masterKeys = loadMasterKeys(settings);
    const vault = await openVault(settings, masterKeys);
    return { settings, masterKeys, ledger, vault };
  } catch (error) {
    await ledger.close();
    throw error;
  }
}

/** Closes what was opened: the ledger first, which finishes what waits. */
export async function closeResources({ ledger, vault }: Resources): Promise<void> {
  await ledger.close();
  await vault.close();
}
