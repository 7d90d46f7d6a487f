import type { Instant } from '../../domain/identifiers.js';
import { LedgerError } from '../ledger.errors.js';
import { type AcknowledgedEpoch, acknowledges, type TreeHead } from './acknowledgement.js';
import type { CheckpointFile } from './checkpoint-file.js';
import { LogTiles } from './log-tiles.js';
import { checkpointOfNote } from './note-checkpoint.js';
import { isLaterEpoch, isSameLog } from './log-origin.js';
import type { SealReads } from './seal-store.port.js';

/** What the file outside the database knows and the ledger does not. */
export interface Rollback {
  readonly reason: 'shorter' | 'other_history' | 'other_log' | 'unknown_epoch';
  /** Events in the ledger. */
  readonly size: number;
  /** The newest checkpoint of the file. */
  readonly known: TreeHead & { readonly at: Instant };
}

/**
 * Whether the ledger still is what its newest checkpoint outside of it says: not shorter, not another
 * history, not another log. Undefined when it is, and when there is no such checkpoint. The signature
 * is not asked for: the file is believed more than the database, and can only cause a refusal.
 *
 * Takes as long for a large ledger as for a small one: tiles are read, not events.
 */
export async function findRollback(
  reads: SealReads,
  file: CheckpointFile,
): Promise<Rollback | undefined> {
  const filed = file.last();
  const stated = filed && checkpointOfNote(filed.note);
  if (filed === undefined || stated === undefined) return undefined;
  const log = await reads.log();
  const size = await reads.eventCount();
  const { origin, root: rootKnown } = stated;
  const known = { origin, size: stated.size, root: rootKnown, at: filed.at };
  if (!isSameLog(origin, log.origin)) return { reason: 'other_log', size, known };
  // An epoch is acknowledged in the file before the ledger has it.
  if (isLaterEpoch(log.origin, origin)) return { reason: 'unknown_epoch', size, known };
  if (isLaterEpoch(origin, log.origin)) return { reason: 'shorter', size, known };
  if (origin !== log.origin) return { reason: 'unknown_epoch', size, known };
  if (size < stated.size) return { reason: 'shorter', size, known };
  const root = await new LogTiles(reads).root(stated.size);
  return root?.equals(stated.root) === true ? undefined : { reason: 'other_history', size, known };
}

/**
 * `findRollback`, but an epoch that was begun where another checkpoint file is comes into this one, if
 * the key of the log acknowledges it, and for all that this file knows. `newestEpoch` is asked only then.
 */
export async function findRollbackHere(
  reads: SealReads,
  file: CheckpointFile,
  newestEpoch: NewestEpoch,
): Promise<Rollback | undefined> {
  const found = await findRollback(reads, file);
  if (found?.reason !== 'unknown_epoch') return found;
  const epoch = await newestEpoch();
  const isOfLog = epoch?.origin === (await reads.log()).origin;
  if (epoch === undefined || !isOfLog || !(await acknowledges(epoch, found.known, reads))) {
    return found;
  }
  file.append({ at: Date.now(), note: epoch.acknowledgement });
  return findRollback(reads, file);
}

/** The newest epoch of a ledger; undefined where its stream or the vault does not know one. */
export type NewestEpoch = () => Promise<AcknowledgedEpoch | undefined>;

/** Throws a LedgerError `ledger_rolled_back` of one line when the ledger is older than it should be. */
export async function refuseRollback(
  reads: SealReads,
  file: CheckpointFile,
  newestEpoch: NewestEpoch = async () => undefined,
): Promise<void> {
  const found = await findRollbackHere(reads, file, newestEpoch);
  if (found === undefined) return;
  throw new LedgerError(
    'ledger_rolled_back',
    `${rollbackText(found)} (${file.path}): put the right ledger back, or ${WAY_OUT[found.reason]}`,
  );
}

const ACCEPT = 'accept this one with token-ledger recover';

/** What else than to put the right ledger back can be done. */
const WAY_OUT: Readonly<Record<Rollback['reason'], string>> = {
  shorter: ACCEPT,
  unknown_epoch: ACCEPT,
  other_history: 'see what differs with token-ledger verify',
  other_log: 'move that file away to begin anew',
};

/** What was found, with both sizes, in words without an end. */
export function rollbackText({ reason, size, known }: Rollback): string {
  const sizes = `the ledger has ${size} events and its last checkpoint covers ${known.size}`;
  switch (reason) {
    case 'shorter':
      return `an old copy of the ledger was put back: ${sizes}`;
    case 'other_history':
      return `the ledger has another history than was sealed: ${sizes}`;
    case 'unknown_epoch':
      return `the ledger names an epoch that nobody began with token-ledger recover: ${sizes}`;
    case 'other_log':
      return `this is another ledger than was sealed: it has ${size} events, and the last checkpoint of ${known.origin} covers ${known.size}`;
  }
}
