import type { Settings } from '../config/settings.js';
import type { Ledger } from '../ledger/ledger.port.js';
import type { LedgerFeed } from '../ledger/ledger-feed.port.js';
import { makeDataDirectory } from '../ledger/data-directory.js';
import type { NodeLease } from '../ledger/node-lease.port.js';
import type { SealReads, SealStore } from '../ledger/sealing/seal-store.port.js';
import { openSealReads, openSealStore } from '../ledger/sealing/sqlite-seal.store.js';
import { lockDataDirectory } from '../ledger/sqlite/ledger-locks.js';
import { openSqliteLedgerReader } from '../ledger/sqlite/sqlite-ledger.reader.js';
import { openSqliteSource } from '../ledger/sqlite/sqlite-ledger.source.js';
import type { LedgerSource } from '../ledger/verification/ledger.source.js';
import type { LedgerObserver } from '../ledger/ledger-observer.js';
import type { MasterKeys } from '../vault/master-keys.port.js';
import type { Vault } from '../vault/vault.port.js';

// What few callers need is imported when they do: a thread beside the requests opens no ledger, and what
// opens one brings ten megabytes of TypeORM along.

/** Where a ledger is: a PostgreSQL database where there is one, else a file. */
export type LedgerPlace = Pick<Settings, 'ledgerFile'> & Partial<Pick<Settings, 'postgresUrl'>>;

/** A ledger that is followed until it is closed. */
export interface OpenedFeed extends LedgerFeed {
  close(): void | Promise<void>;
}

/** Opens a ledger to be followed. Throws a LedgerError when there is none, or a newer one. */
export async function openLedgerFeed({
  ledgerFile,
  postgresUrl,
}: LedgerPlace): Promise<OpenedFeed> {
  if (postgresUrl === undefined) return openSqliteLedgerReader(ledgerFile);
  const { openPostgresFeed } = await import('../ledger/postgres/postgres-ledger.feed.js');
  return openPostgresFeed(postgresUrl);
}

/** The part of settings that says where the ledger is, to be handed to a thread. */
export function ledgerPlaceOf({ ledgerFile, postgresUrl }: LedgerPlace): LedgerPlace {
  return { ledgerFile, postgresUrl };
}

/** A ledger, and what gives back what its process holds beside it, to be called after its close. */
export interface OpenedLedger {
  readonly ledger: Ledger;
  readonly release: () => void;
}

/** Opens the ledger of a process. Throws a LedgerError of one line, and then nothing is left open. */
export async function openLedgerOf(
  settings: Settings,
  role: 'server' | 'command_line',
  observer: LedgerObserver | undefined,
): Promise<OpenedLedger> {
  const { postgresUrl: url, postgresOwnerUrl: ownerUrl, dataDirectory } = settings;
  const observed = observer === undefined ? {} : { observer };
  if (url === undefined) {
    const { openSqliteLedger } = await import('../ledger/sqlite/open-sqlite-ledger.js');
    const ledger = await openSqliteLedger({ settings, role, ...observed });
    return { ledger, release: () => undefined };
  }
  makeDataDirectory(dataDirectory);
  const release = role === 'server' ? lockDataDirectory(dataDirectory) : () => undefined;
  try {
    const { openPostgresLedger } = await import('../ledger/postgres/open-postgres-ledger.js');
    const mayMigrate = role === 'server';
    const ledger = await openPostgresLedger({ url, ownerUrl, mayMigrate, ...observed });
    return { ledger, release };
  } catch (error) {
    release();
    throw error;
  }
}

/** Opens the vault beside a ledger; a server also makes it. Throws a VaultError of one line. */
export async function openVaultOf(
  settings: Settings,
  masterKeys: MasterKeys,
  role: 'server' | 'command_line',
): Promise<Vault> {
  const { postgresUrl, postgresOwnerUrl } = settings;
  if (postgresUrl === undefined) {
    const { openVault } = await import('../vault/sqlite-vault.js');
    return openVault(settings, masterKeys);
  }
  const { openPostgresVault, preparePostgresVault } = await import('../vault/postgres-vault.js');
  const { roleOf } = await import('../ledger/postgres/postgres-connection.js');
  const runtimeRole = roleOf(postgresUrl);
  if (role === 'server' && postgresOwnerUrl !== undefined && runtimeRole !== undefined) {
    await preparePostgresVault(postgresOwnerUrl, runtimeRole);
  }
  return openPostgresVault(postgresUrl, masterKeys);
}

/**
 * Does what a server does first, such as making keys and an administrator where there are none: one node
 * after the other, where several share a ledger. Throws a LedgerError when the turn does not come.
 */
export async function inStartTurnOf<Result>(
  { postgresUrl }: LedgerPlace,
  work: () => Promise<Result>,
): Promise<Result> {
  if (postgresUrl === undefined) return work();
  const { inStartTurn } = await import('../ledger/postgres/postgres-turn.js');
  return inStartTurn(postgresUrl, work);
}

/**
 * Accepts an old copy of a ledger, while no other process does: a file has one owner anyway. Throws a
 * LedgerError of one line at once where another one does.
 */
export async function inRecoveryTurnOf<Result>(
  { postgresUrl }: LedgerPlace,
  work: () => Promise<Result>,
): Promise<Result> {
  if (postgresUrl === undefined) return work();
  const { inRecoveryTurn } = await import('../ledger/postgres/postgres-turn.js');
  return inRecoveryTurn(postgresUrl, work);
}

/** What was sealed, to be added to; with the lease that nodes take turns by, where there are several. */
export interface OpenedSealing {
  readonly store: SealStore;
  readonly lease: NodeLease | undefined;
}

/** Opens what was sealed of a ledger, to seal every so many milliseconds. Throws a LedgerError. */
export async function openSealing(place: LedgerPlace, interval: number): Promise<OpenedSealing> {
  const { ledgerFile, postgresUrl } = place;
  if (postgresUrl === undefined) return { store: openSealStore(ledgerFile), lease: undefined };
  const { openPostgresSealing } = await import('../ledger/postgres/postgres-seal.store.js');
  return openPostgresSealing(postgresUrl, interval);
}

/** Opens what was sealed of a ledger, for reading only. Throws a LedgerError. */
export async function openSealsOf({ ledgerFile, postgresUrl }: LedgerPlace): Promise<SealReads> {
  if (postgresUrl === undefined) return openSealReads(ledgerFile);
  const { openPostgresSeals } = await import('../ledger/postgres/postgres-seal.store.js');
  return openPostgresSeals(postgresUrl);
}

/**
 * Throws a LedgerError when a database has no whole ledger: none at all, one of another version, or one that is
 * being copied there, or was and not to its end. It makes none, as that would hide a wrong database.
 */
export async function requireWholeLedger({ postgresUrl }: LedgerPlace): Promise<void> {
  if (postgresUrl === undefined) return;
  const { refuseUnfinishedTransferAt } = await import('../ledger/postgres/unfinished-transfer.js');
  await refuseUnfinishedTransferAt(postgresUrl);
}

/** Opens a ledger to be verified. Throws a LedgerError. */
export async function openSourceOf({
  ledgerFile,
  postgresUrl,
}: LedgerPlace): Promise<LedgerSource> {
  if (postgresUrl === undefined) return openSqliteSource(ledgerFile);
  const { openPostgresSource } = await import('../ledger/postgres/postgres-ledger.source.js');
  return openPostgresSource(postgresUrl);
}
