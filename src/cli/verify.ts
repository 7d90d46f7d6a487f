import { accessSync, constants, existsSync, statSync } from 'node:fs';
import { resolve } from 'node:path';
import type { Command } from 'commander';
import { databaseName } from '../config/settings.js';
import type { CheckpointSigner } from '../ledger/sealing/checkpoint-signer.js';
import type { VerificationReport } from '../ledger/verification/verify-ledger.js';
import { type NoteVerifier, parseVerifierKey } from '../tlog/verifier-key.js';
import { loadMasterKeys } from '../vault/master-keys.js';
import { vaultFileOf } from '../vault/vault-file.js';
import { VaultError } from '../vault/vault.errors.js';
import { CommandRefused } from './failure.js';
import {
  type LedgerPlace,
  ledgerPlaceOf,
  openVaultOf,
  requireWholeLedger,
} from './ledger-place.js';
import { problemRows, verdictText, verifyAt } from './ledger-verification.js';
import { checkpointSigner } from './open-log.js';
import { operatorSettings } from './operator-settings.js';
import { countText, printJson, printLines, tableText } from './terminal.js';
import { verb } from './verb.js';

interface Options {
  readonly file?: string;
  readonly against?: string;
  readonly key?: string;
  readonly json?: boolean;
}

/** Verifies a ledger file, the live one or a copy. */
export function verifyVerb(): Command {
  return verb({
    name: 'verify',
    summary: 'verify the whole ledger: every event, every chain, every state, every checkpoint',
    details: `It reads only, beside a server that may be running; what that adds is left out. The directory of
the file must be writable all the same: SQLite makes a -shm file there. Whoever can write the ledger
and has the checkpoint key can write another history: only --against finds that.`,
    examples: [
      'token-ledger verify',
      'token-ledger verify --file /backup/ledger.sqlite',
      'token-ledger verify --against kept.checkpoint --key "$(cat ledger.key)"',
      'token-ledger verify --json',
    ],
    json: `{ file or database, ok, events, streams, sealed, kept?, epochKeyFrom, vaultFault?, missingFile?, keyFrom?,
problems: [{ position?, positionMax?, positions?, streamId?, problem, evidence?, file?, count?, numbers? }] (the
first 20) }; missingFile is the checkpoint file where that is not there; with positionMax it is at one of the
positions from position to that, with file that file is at fault and not the ledger, with count there are so many
like it, and numbers has the first 20`,
  })
    .option('--file <path>', 'another ledger file than the one of the settings')
    .option('--against <file>', 'a checkpoint that was kept elsewhere, or many as JSON lines')
    .option('--key <verifier key>', 'what those are verified with; the ledger’s own key otherwise')
    .action(verify);
}

async function verify(options: Options): Promise<void> {
  const kept = keptOf(options);
  const { place, checkpointFile } = ledgerOf(options);
  const isFileThere = checkpointFile !== undefined && existsSync(checkpointFile);
  if (isFileThere) refuseUnreadable(checkpointFile);
  // What is not there yet would look like damage.
  await requireWholeLedger(place);
  const vaultKey = options.file === undefined ? await keyOfVault() : {};
  const { signer } = vaultKey;
  const keyOf = signer && ((origin: string) => signer.verifierKey(origin));
  const report = await verifyAt(place, { checkpointFile, kept, keyOf }, options.json === true);
  if (report.unusable !== undefined) throw new CommandRefused(report.unusable);
  const epochKeyFrom = signer === undefined ? 'ledger' : 'vault';
  const vaultFault = vaultFaultOf(vaultKey, report);
  // Without it nothing tells an older copy: who takes it away is not to be overlooked.
  const missingFile = isFileThere || report.sealed === 0 ? undefined : checkpointFile;
  if (options.json === true) {
    const from = { epochKeyFrom, vaultFault, missingFile, ...keyFrom(options) };
    printJson({ ...nameOf(place), ...report, ...from });
  } else {
    printReport(report, options);
    printLines(epochKeyText(epochKeyFrom, vaultFault));
    if (missingFile !== undefined) {
      printLines(`It was compared with no checkpoint file, for ${missingFile} is not there.`);
    }
  }
  if (!report.ok) throw new CommandRefused(verdictText('the ledger', report));
  // With a key of one's own, what the ledger itself names is not all that it was verified with.
  if (vaultFault !== undefined && options.key === undefined) throw new CommandRefused(vaultFault);
}

function epochKeyText(epochKeyFrom: 'vault' | 'ledger', vaultFault = 'no vault was asked'): string {
  return epochKeyFrom === 'vault'
    ? 'Its checkpoints were verified with the key in the vault.'
    : `Its checkpoints were verified with the key that the ledger itself names, for ${vaultFault}.`;
}

/** The key of a ledger from its vault, or why a vault that is there does not give it. */
interface VaultKey {
  readonly signer?: CheckpointSigner | undefined;
  readonly isOpened?: boolean;
  readonly fault?: string;
}

/** Why the vault did not say what the checkpoints are verified with; before the first one it need not. */
function vaultFaultOf(
  { signer, isOpened = false, fault }: VaultKey,
  { sealed }: VerificationReport,
): string | undefined {
  const isKeyMissing = isOpened && signer === undefined && sealed > 0;
  return isKeyMissing ? 'the vault has not the key that checkpoints are signed with' : fault;
}

/** The key of the ledger of the settings; neither key nor fault where there is no vault. */
async function keyOfVault(): Promise<VaultKey> {
  const settings = operatorSettings();
  const isShared = settings.postgresUrl !== undefined;
  if (!isShared && !existsSync(vaultFileOf(settings.dataDirectory))) return {};
  try {
    const masterKeys = loadMasterKeys(settings, true);
    const vault = await openVaultOf(settings, masterKeys, 'command_line');
    try {
      return { signer: await checkpointSigner(vault), isOpened: true };
    } finally {
      await vault.close();
    }
  } catch (error) {
    if (!(error instanceof VaultError)) throw error;
    return { fault: `the vault could not be opened: ${error.message}` };
  }
}

/** The file of checkpoints belongs to the ledger of the settings, not to a copy of it. */
function ledgerOf({ file }: Options): {
  readonly place: LedgerPlace;
  readonly checkpointFile?: string;
} {
  if (file !== undefined) return { place: { ledgerFile: resolve(file) } };
  const settings = operatorSettings();
  return { place: ledgerPlaceOf(settings), checkpointFile: settings.checkpointFile };
}

function nameOf({ ledgerFile, postgresUrl }: LedgerPlace): object {
  return postgresUrl === undefined ? { file: ledgerFile } : { database: databaseName(postgresUrl) };
}

function keptOf({ against, key }: Options): { path: string; verifier?: NoteVerifier } | undefined {
  if (against === undefined) {
    if (key !== undefined) throw new CommandRefused('--key is the key of --against');
    return undefined;
  }
  const path = resolve(against);
  refuseUnreadable(path);
  if (key === undefined) return { path };
  const parsed = parseVerifierKey(key.trim());
  if (parsed.kind === 'refused')
    throw new CommandRefused(`--key is no verifier key: ${parsed.reason}`);
  return { path, verifier: parsed.verifier };
}

function refuseUnreadable(path: string): void {
  if (!existsSync(path)) throw new CommandRefused(`there is no file ${path}`);
  if (statSync(path).isDirectory()) throw new CommandRefused(`${path} is a directory`);
  try {
    accessSync(path, constants.R_OK);
  } catch (error) {
    throw new CommandRefused(`${path} cannot be read (${(error as NodeJS.ErrnoException).code})`);
  }
}

function keyFrom({ against, key }: Options): { readonly keyFrom?: 'ledger' | 'option' } {
  if (against === undefined) return {};
  return { keyFrom: key === undefined ? 'ledger' : 'option' };
}

function printReport(report: VerificationReport, options: Options): void {
  const { ok, events, streams, sealed, kept = 0 } = report;
  if (ok) {
    const counts = `${countText(events, 'event')} in ${countText(streams, 'stream')}`;
    printLines(`The ledger is intact: ${counts}.`);
    if (sealed < events) {
      // Its file may have one that does: where the row of that was lost, or a copy was put back.
      const last = countText(events - sealed, 'event');
      printLines(`The ledger has no checkpoint yet that covers its last ${last}.`);
    }
  } else {
    printLines(tableText(['Position', 'Stream', 'Problem'], problemRows(report)));
  }
  const { against, key } = options;
  if (against === undefined) return;
  const whose =
    key === undefined ? 'the key that the ledger itself names' : 'the key that was given';
  printLines(
    `It was compared with ${countText(kept, 'checkpoint')} in ${against}, verified with ${whose}.`,
  );
}
