import { existsSync } from 'node:fs';
import type { Settings } from '../config/settings.js';
import type { Ledger } from '../ledger/ledger.port.js';
import { CheckpointFile } from '../ledger/sealing/checkpoint-file.js';
import { type NewestEpoch, refuseRollback } from '../ledger/sealing/rollback-check.js';
import type { SealReads } from '../ledger/sealing/seal-store.port.js';
import type { LedgerObserver } from '../ledger/ledger-observer.js';
import { loadMasterKeys } from '../vault/master-keys.js';
import type { MasterKeys } from '../vault/master-keys.port.js';
import { vaultFileOf } from '../vault/vault-file.js';
import type { Vault } from '../vault/vault.port.js';
import { SqliteViewsReader } from '../views/sqlite/sqlite-views.reader.js';
import { CommandRefused } from './failure.js';
import { openLedgerOf, openSealsOf, openVaultOf } from './ledger-place.js';
import { newestEpoch } from './open-log.js';
import { currentViewsState } from './views-current.js';
import { openViewsFile } from './views-file.js';
import { viewsPlaceOf } from './views-thread.js';

/** What a process holds open as long as it runs. */
export interface Resources {
  readonly settings: Settings;
  readonly masterKeys: MasterKeys;
  readonly ledger: Ledger;
  /** Gives back what the process holds beside the ledger, once nothing of it works any more. */
  readonly release: () => void;
  readonly vault: Vault;
  /** Reads what was sealed of the ledger. */
  readonly sealReads: SealReads;
  /** Asks the views: a server's once it follows its ledger, else those that count when first asked. */
  readonly views: SqliteViewsReader;
}

/** Throws when a ledger must not be worked with as it is; `newestEpoch` opens its vault. */
export type LedgerCheck = (
  reads: SealReads,
  file: CheckpointFile,
  newestEpoch: NewestEpoch,
) => Promise<void>;

/**
 * Opens ledger, vault and master key, made and migrated if need be. Throws an error of one clear line
 * and leaves nothing open; so it does when the ledger is older than its checkpoints say.
 */
export async function openResources(
  settings: Settings,
  role: 'server' | 'command_line',
  observer?: LedgerObserver,
  check: LedgerCheck = refuseRollback,
): Promise<Resources> {
  refuseVaultAlone(settings);
  const { ledger, release } = await openLedgerOf(settings, role, observer);
  let sealReads: SealReads | undefined;
  let opened: OpenedVault | undefined;
  const openOnce = async (): Promise<OpenedVault> => {
    if (opened !== undefined) return opened;
    const masterKeys = await openMasterKeys(settings, ledger);
    return (opened = { masterKeys, vault: await openVaultOf(settings, masterKeys, role) });
  };
  try {
    sealReads = await openSealsOf(settings);
    await check(sealReads, new CheckpointFile(settings.checkpointFile), async () =>
      newestEpoch(ledger, (await openOnce()).vault),
    );
    const { masterKeys, vault } = await openOnce();
    const views = await openViewsReader(settings, role);
    return { settings, masterKeys, ledger, release, vault, sealReads, views };
  } catch (error) {
    await opened?.vault.close();
    await sealReads?.close();
    await ledger.close();
    release();
    throw error;
  }
}

interface OpenedVault {
  readonly masterKeys: MasterKeys;
  readonly vault: Vault;
}

/** Where nodes share a ledger, only the first one of all may make a key. */
async function openMasterKeys(settings: Settings, ledger: Ledger): Promise<MasterKeys> {
  if (settings.postgresUrl === undefined) return loadMasterKeys(settings);
  return loadMasterKeys(settings, (await ledger.size()) > 0);
}

/** The command line asks the views that follow the ledger, also where a server answers from a file. */
async function openViewsReader(
  settings: Settings,
  role: 'server' | 'command_line',
): Promise<SqliteViewsReader> {
  const { viewsFile } = settings;
  const place = viewsPlaceOf(settings);
  if (role === 'command_line') {
    return new SqliteViewsReader(place.viewsDirectory, () => currentViewsState(place));
  }
  return viewsFile === undefined
    ? new SqliteViewsReader(place.viewsDirectory)
    : openViewsFile(viewsFile, settings);
}

/**
 * Throws a CommandRefused when the ledger is gone and its vault is not: an empty ledger beside it would
 * know none of its people. A first start that was killed cannot look so, as the ledger is made first;
 * for the same reason the vault is asked for first, while another process may be making both.
 */
function refuseVaultAlone({ dataDirectory, ledgerFile, postgresUrl }: Settings): void {
  if (postgresUrl !== undefined) return;
  const vaultFile = vaultFileOf(dataDirectory);
  if (!existsSync(vaultFile) || existsSync(ledgerFile)) return;
  throw new CommandRefused(
    `the ledger ${ledgerFile} is missing, and its vault ${vaultFile} is there: ` +
      'put the ledger back, or move the vault away to begin anew',
  );
}

/** Closes what was opened, and gives back what the process holds beside it. */
export async function closeResources(resources: Resources): Promise<void> {
  try {
    await closeStores(resources);
  } finally {
    resources.release();
  }
}

/** Closes what was opened: the ledger first, which finishes what waits. `release` is still to be called. */
export async function closeStores(resources: Resources): Promise<void> {
  const { ledger, vault, sealReads, views } = resources;
  views.close();
  await sealReads.close();
  await ledger.close();
  await vault.close();
}
