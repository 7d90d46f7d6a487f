import { randomBytes } from 'node:crypto';
import type { Command } from 'commander';
import { newUuid } from '../config/random-identifiers.js';
import type { Settings } from '../config/settings.js';
import { DEFAULT_PROJECT, type Instant } from '../domain/identifiers.js';
import { decideRestoreLedger } from '../domain/log/log.decider.js';
import { signAcknowledgement } from '../ledger/sealing/acknowledgement.js';
import { CheckpointFile } from '../ledger/sealing/checkpoint-file.js';
import { epochOfOrigin, originOfEpoch } from '../ledger/sealing/log-origin.js';
import { LogTiles } from '../ledger/sealing/log-tiles.js';
import { findRollbackHere, type Rollback, rollbackText } from '../ledger/sealing/rollback-check.js';
import { CheckpointSigner } from '../ledger/sealing/checkpoint-signer.js';
import { Sealer } from '../ledger/sealing/sealer.js';
import { confirm } from './confirmation.js';
import { CommandRefused } from './failure.js';
import {
  inRecoveryTurnOf,
  ledgerPlaceOf,
  openSealing,
  requireWholeLedger,
} from './ledger-place.js';
import { faultText, fileAtFault, verifyAt } from './ledger-verification.js';
import { livingNodes } from './node-membership.js';
import { checkpointSigner, LOG_STREAM, openLog } from './open-log.js';
import { operatorSettings } from './operator-settings.js';
import { closeResources, type LedgerCheck, openResources, type Resources } from './resources.js';
import { countText, factsText, isoTime, printJson, printLines, timeText } from './terminal.js';
import { verb } from './verb.js';

interface Options {
  readonly yes?: boolean;
  readonly json?: boolean;
}

/** What a recovery began. */
interface Recovery {
  readonly origin: string;
  readonly epoch: number;
  readonly verifierKey: string;
  readonly size: number;
  readonly knownSize: number;
}

/** Accepts a ledger that is older than its checkpoints say. */
export function recoverVerb(): Command {
  return verb({
    name: 'recover',
    summary: 'accept an old copy of the ledger that was put back, and begin a new epoch',
    details: `Only for a ledger that the server refuses to start on. It is verified first, and must be an older copy
of what the checkpoint file tells of, whole and unchanged. Codes and refresh tokens of before are refused
from then on, and a refresh token that comes again ends its family: clients ask for new ones.`,
    examples: ['token-ledger recover', 'token-ledger recover --yes --json'],
    json: '{ origin, epoch, verifierKey, size, knownSize, lastEventAt?, knownAt }',
  })
    .option('--yes', 'do not ask')
    .action(recover);
}

async function recover(options: Options): Promise<void> {
  const settings = operatorSettings();
  await requireWholeLedger(settings);
  await inRecoveryTurnOf(settings, () => recoverLedger(settings, options));
}

async function recoverLedger(settings: Settings, options: Options): Promise<void> {
  let found: Rollback | undefined;
  const check: LedgerCheck = async (reads, file, newestEpoch) => {
    await refuseBesideNodes(settings);
    found = await findRollbackHere(reads, file, newestEpoch);
    if (found === undefined) {
      throw new CommandRefused('there is nothing to recover: the ledger is as its checkpoints say');
    }
    if (found.reason !== 'other_log') return;
    throw new CommandRefused(`no epoch was begun: ${rollbackText(found)}; put the right one back`);
  };
  const resources = await openResources(settings, 'server', undefined, check);
  try {
    const rollback = found as unknown as Rollback;
    await refuseDamaged(resources, options.json === true);
    const lastEventAt = await lastEventTime(resources, rollback.size);
    if (options.json !== true) printLoss(rollback, lastEventAt);
    if (options.yes !== true) await confirm('Begin a new epoch with this ledger?');
    await refuseBesideNodes(settings);
    const recovery = await beginEpoch(resources, rollback);
    if (options.json === true) {
      const at = lastEventAt === undefined ? {} : { lastEventAt: isoTime(lastEventAt) };
      printJson({ ...recovery, ...at, knownAt: isoTime(rollback.known.at) });
    } else printRecovery(recovery);
  } finally {
    await closeResources(resources);
  }
}

/**
 * Throws a CommandRefused unless the ledger is whole, and the beginning of what the checkpoint file tells
 * of: an epoch over anything else would make it look right for good.
 */
async function refuseDamaged({ settings, vault }: Resources, isQuiet: boolean): Promise<void> {
  const { checkpointFile, postgresUrl } = settings;
  const signer = await checkpointSigner(vault);
  const keyOf = signer && ((origin: string) => signer.verifierKey(origin));
  const comparison = { checkpointFile, isOldCopy: true, keyOf };
  const report = await verifyAt(ledgerPlaceOf(settings), comparison, isQuiet);
  if (report.ok) return;
  const verifier = postgresUrl === undefined ? 'token-ledger verify --file' : 'token-ledger verify';
  const advice =
    fileAtFault(report) === undefined
      ? `put a copy back that ${verifier} finds intact`
      : 'put a copy of that file back, or take what is wrong out of it';
  throw new CommandRefused(`no epoch was begun: ${faultText('the ledger', report)}; ${advice}`);
}

/** A node that runs goes on with what it remembers of the ledger that was there before. */
async function refuseBesideNodes(settings: Settings): Promise<void> {
  const living = await livingNodes(settings);
  if (living === 0) return;
  throw new CommandRefused(
    `${countText(living, 'node')} of this ledger ${living === 1 ? 'runs' : 'run'}: stop all of them first, ` +
      'or wait half a minute where one was killed',
  );
}

/** When the last event of the ledger was recorded; undefined when it has none. */
async function lastEventTime({ ledger }: Resources, size: number): Promise<Instant | undefined> {
  const { events } = await ledger.eventsAfter(size < 2 ? null : size - 2, 1);
  return events.at(-1)?.appendedAt;
}

function printLoss(rollback: Rollback, lastEventAt: Instant | undefined): void {
  const { size, known, reason } = rollback;
  const last = lastEventAt === undefined ? '' : `, the last of ${timeText(lastEventAt)}`;
  const lost = known.size - size;
  printLines(
    `${rollbackText(rollback)}.`,
    factsText([
      ['This ledger', `${countText(size, 'event')}${last}`],
      ['Last checkpoint', `${countText(known.size, 'event')}, of ${timeText(known.at)}`],
      [
        'Lost',
        reason === 'shorter' && lost > 0 ? `at least ${countText(lost, 'event')}` : undefined,
      ],
    ]),
    'Codes and refresh tokens of before will be refused: clients must ask for new ones.',
  );
}

/** The epoch is later than any that tokens were minted in, as far as is known. */
async function beginEpoch(resources: Resources, { known }: Rollback): Promise<Recovery> {
  const { ledger, sealReads, settings } = resources;
  const signer = new CheckpointSigner(await openLog(resources));
  const log = await sealReads.log();
  const epoch = Math.max(log.epoch, epochOfOrigin(known.origin)) + 1;
  const origin = originOfEpoch(log.origin, epoch, randomBytes(4).toString('hex'));
  const size = await sealReads.eventCount();
  // The tiles were compared with every event just now.
  const root = await new LogTiles(sealReads).root(size);
  if (root === undefined) throw new CommandRefused('no epoch was begun: events are missing');
  const verifierKey = signer.verifierKey(origin);
  const recovery = { origin, epoch, verifierKey, size, knownSize: known.size };
  const acknowledgement = signAcknowledgement(signer, { origin, size, root }, known);
  // Before the commit: the ledger never has an epoch that the file does not know, and where the commit
  // fails nothing but the epoch's number is used up.
  const file = new CheckpointFile(settings.checkpointFile);
  file.append({ at: Date.now(), note: acknowledgement });
  const outcome = await ledger.execute({
    kind: 'log',
    streamId: LOG_STREAM,
    project: DEFAULT_PROJECT,
    attribution: { actor: 'operator', correlationId: newUuid() },
    decide: ({ state }) => decideRestoreLedger(state, { ...recovery, acknowledgement }),
  });
  if (outcome.kind === 'refused') throw new Error(`no epoch can be begun: ${outcome.reason}`);
  const { store } = await openSealing(settings, settings.sealInterval);
  const sealer = new Sealer({ store, file, signer });
  try {
    while (await sealer.seal());
  } finally {
    await sealer.close();
  }
  return recovery;
}

function printRecovery({ origin, epoch, verifierKey }: Recovery): void {
  printLines(
    `Epoch ${epoch} has begun: start the server.`,
    factsText([
      ['Origin', origin],
      ['Verifier key', verifierKey],
    ]),
  );
}
