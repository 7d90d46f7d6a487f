import { databaseName, type Settings } from '../config/settings.js';
import { CheckpointFile } from '../ledger/sealing/checkpoint-file.js';
import { refuseRollback } from '../ledger/sealing/rollback-check.js';
import { holdLedger } from '../ledger/sqlite/standing-ledger.js';
import type { LedgerTarget } from '../ledger/transfer/ledger-target.port.js';
import type { StandingLedger } from '../ledger/transfer/standing-ledger.port.js';
import { ledgerHead, transferLedger } from '../ledger/transfer/transfer-ledger.js';
import { type TransferObstacle, transferObstacle } from '../ledger/transfer/transfer-obstacle.js';
import type { VerificationReport } from '../ledger/verification/verify-ledger.js';
import { loadMasterKeys } from '../vault/master-keys.js';
import type { MasterKeys } from '../vault/master-keys.port.js';
import { openVaultTransfer, type VaultTransfer } from '../vault/vault-transfer.js';
import { CommandRefused } from './failure.js';
import { openSealsOf, openSourceOf, openVaultOf } from './ledger-place.js';
import { faultText, verifyAt } from './ledger-verification.js';
import { checkpointSigner } from './open-log.js';
import { withProgress } from './progress.js';

/** A ledger that was copied. */
export interface StoreMigration {
  readonly report: VerificationReport;
  /** How many events an earlier call that was cut short had copied. */
  readonly eventsBefore: number;
  /** The root of the tree over all events, the same in both. */
  readonly root: Buffer;
  readonly origin: string;
  readonly epoch: number;
}

/** Everything that is open while a ledger is copied. */
interface Opened {
  readonly settings: Settings;
  /** The same, but for where ledger and vault are copied to. */
  readonly targetSettings: Settings;
  readonly masterKeys: MasterKeys;
  readonly standing: StandingLedger;
  readonly target: LedgerTarget;
  readonly vaults: VaultTransfer;
  readonly isQuiet: boolean;
}

/**
 * Copies the ledger and the vault of these settings to the PostgreSQL of a URL, and verifies both. A call
 * that was cut short is made again. Throws an error of one line; then no server starts on the copy.
 */
export async function migrateStore(
  settings: Settings,
  url: string,
  isQuiet: boolean,
): Promise<StoreMigration> {
  const standing = holdLedger(settings);
  const opened: { close(): Promise<void> }[] = [standing];
  try {
    await refuseOldCopy(settings);
    const masterKeys = loadMasterKeys(settings, true);
    const targetSettings = { ...settings, postgresUrl: url, postgresOwnerUrl: undefined };
    const target = await openTarget(url);
    opened.push(target);
    const obstacle = await transferObstacle(standing.source, target);
    if (obstacle !== undefined) throw new CommandRefused(OBSTACLE_WORDS[obstacle](targetSettings));
    const keyOf = await keyOfVault(settings, masterKeys);
    const vaults = await openVaultTransfer(settings, url);
    opened.push(vaults);
    await refuseVault(target, vaults, targetSettings);
    const { ledgerFile, checkpointFile } = settings;
    const report = await verifyAt({ ledgerFile }, { checkpointFile, keyOf }, isQuiet);
    if (!report.ok) throw new CommandRefused(faultText(ledgerFile, report));
    return await copy({ settings, targetSettings, masterKeys, standing, target, vaults, isQuiet });
  } finally {
    for (const one of opened.toReversed()) await one.close();
  }
}

async function openTarget(url: string): Promise<LedgerTarget> {
  const { openPostgresTarget } = await import('../ledger/postgres/postgres-ledger.target.js');
  return openPostgresTarget(url);
}

async function copy(opened: Opened): Promise<StoreMigration> {
  const { standing, target, vaults, isQuiet } = opened;
  const { rows } = await standing.source.log();
  const { begun, events: eventsBefore } = await target.standing();
  if (begun === undefined) await target.begin(rows[0]?.origin ?? '');
  await vaults.run();
  await withProgress({ doing: 'copying', done: 'copied' }, isQuiet, (tell) =>
    transferLedger(standing, target, tell),
  );
  const verified = await verifyCopy(opened);
  await target.complete();
  const { origin = '', epoch = 0 } = rows.at(-1) ?? {};
  return { ...verified, eventsBefore, origin, epoch };
}

/** Throws a CommandRefused unless the copy is intact and the same ledger, and its vault the same vault. */
async function verifyCopy({
  settings: { checkpointFile },
  targetSettings,
  masterKeys,
  standing,
  vaults,
  isQuiet,
}: Opened): Promise<Pick<StoreMigration, 'report' | 'root'>> {
  const name = databaseName(targetSettings.postgresUrl ?? '');
  const copy = `the copy in ${name}`;
  const spoilt = (fault: string) =>
    new CommandRefused(`${fault}: empty that database and begin anew`);
  if ((await vaults.run()) > 0) throw spoilt(`${copy} has not the vault that was written`);
  const keyOf = await keyOfVault(targetSettings, masterKeys);
  const report = await verifyAt(targetSettings, { checkpointFile, keyOf }, isQuiet);
  if (!report.ok) throw spoilt(faultText(copy, report));
  const source = await openSourceOf(targetSettings);
  try {
    const [ours, theirs] = [await ledgerHead(standing.source), await ledgerHead(source)];
    const isSame =
      ours.events === theirs.events &&
      ours.root !== undefined &&
      theirs.root?.equals(ours.root) === true &&
      theirs.newest?.note === ours.newest?.note;
    if (!isSame || ours.root === undefined)
      throw spoilt(`${copy} has another head than the ledger`);
    return { report, root: ours.root };
  } finally {
    await source.close();
  }
}

/** A copy that was put back and not accepted yet would be copied as if it were the newest. */
async function refuseOldCopy(settings: Settings): Promise<void> {
  const reads = await openSealsOf(settings);
  try {
    await refuseRollback(reads, new CheckpointFile(settings.checkpointFile));
  } finally {
    await reads.close();
  }
}

/** Where nothing was begun, what is in the other vault belongs to somebody else. */
async function refuseVault(
  target: LedgerTarget,
  vaults: VaultTransfer,
  { postgresUrl = '' }: Settings,
): Promise<void> {
  const { begun } = await target.standing();
  if (begun !== undefined || (await vaults.isTargetEmpty())) return;
  throw new CommandRefused(`${databaseName(postgresUrl)} holds a vault: give an empty database`);
}

/** What the checkpoints of a ledger are verified with, from its vault, which these master keys open. */
async function keyOfVault(
  settings: Settings,
  masterKeys: MasterKeys,
): Promise<(origin: string) => string> {
  const vault = await openVaultOf(settings, masterKeys, 'command_line');
  try {
    const signer = await checkpointSigner(vault);
    if (signer !== undefined) return (origin) => signer.verifierKey(origin);
    throw new CommandRefused(
      'the vault has not the key that checkpoints of this ledger are signed with',
    );
  } finally {
    await vault.close();
  }
}

const OBSTACLE_WORDS: Readonly<Record<TransferObstacle, (settings: Settings) => string>> = {
  nothing_to_copy: ({ ledgerFile }) =>
    `${ledgerFile} has no events: start the server on the database instead`,
  served: ({ postgresUrl = '' }) =>
    `a server works on ${databaseName(postgresUrl)}: stop it, and wait half a minute`,
  another_ledger: ({ postgresUrl = '' }) =>
    `${databaseName(postgresUrl)} holds another ledger: give an empty database`,
  copied_already: ({ postgresUrl = '' }) =>
    `${databaseName(postgresUrl)} holds this ledger already: set TOKEN_LEDGER_DATABASE to it`,
  ahead: ({ ledgerFile, postgresUrl = '' }) =>
    `${databaseName(postgresUrl)} holds more of this ledger than ${ledgerFile}: give an empty database`,
  another_history: ({ ledgerFile, postgresUrl = '' }) =>
    `${databaseName(postgresUrl)} holds another history than ${ledgerFile}: give an empty database`,
};
