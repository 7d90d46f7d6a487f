import { isKeyName } from '../../tlog/note-text.js';
import { parseVerifierKey, verifierKeyText } from '../../tlog/verifier-key.js';
import { acknowledgementFault, OTHER_EVENTS } from '../sealing/acknowledgement.js';
import type { TreeReads } from '../sealing/seal-store.port.js';
import { AlikeFaults } from './alike-faults.js';
import { parseCanonicalObject } from './canonical-object.js';
import type { StoredLog, StoredLogRow } from './ledger.source.js';
import type { VerificationProblem } from './verification-problems.js';

/** The same where tiles are damaged, which roots are made of. */
const OTHER_TREE = 'is acknowledged for another tree than the stored tiles make';

/** One epoch of the log, as the log's own events tell of it. */
export interface LogEpoch {
  readonly epoch: number;
  /** The name that its checkpoints are signed under. */
  readonly origin: string;
  /** What they are verified with; undefined when no event says so. */
  readonly verifierKey: string | undefined;
  /** The note by which the key of the log began it; undefined for the first one. */
  readonly acknowledgement?: string | undefined;
  /** The sizes that its checkpoints can have: the next epoch begins with an event of its own. */
  readonly sizeMin: number;
  readonly sizeMax: number;
}

/**
 * The epochs of the log in their order. Its events say what they are; that those are intact is seen
 * where their stream is folded. A log that was not opened by an event yet is of its first epoch.
 */
export function logEpochs({ rows, events }: StoredLog): readonly LogEpoch[] {
  const opened = events.flatMap(({ position, body }) => {
    const facts = (parseCanonicalObject(body)?.data ?? {}) as LogFacts;
    const { origin, epoch } = facts;
    return typeof origin === 'string' && typeof epoch === 'number'
      ? [{ ...facts, position, epoch, origin }]
      : [];
  });
  if (opened.length === 0) {
    const origin = rows[0]?.origin ?? '';
    return [{ epoch: 0, origin, verifierKey: undefined, sizeMin: 1, sizeMax: Infinity }];
  }
  return opened.map(({ position, epoch, origin, verifierKey, acknowledgement }, index) => ({
    epoch,
    origin,
    verifierKey: typeof verifierKey === 'string' ? verifierKey : undefined,
    acknowledgement: typeof acknowledgement === 'string' ? acknowledgement : undefined,
    sizeMin: index === 0 ? 1 : position + 1,
    sizeMax: opened[index + 1]?.position ?? Infinity,
  }));
}

interface LogFacts {
  readonly origin?: unknown;
  readonly epoch?: unknown;
  readonly verifierKey?: unknown;
  readonly acknowledgement?: unknown;
}

/** What is wrong with the rows of the log, compared with its epochs. */
export function logRowFaults(
  rows: readonly StoredLogRow[],
  epochs: readonly LogEpoch[],
): readonly string[] {
  const faults = epochs.flatMap(({ epoch, origin }) => {
    const row = rows.find((one) => one.epoch === epoch);
    if (row === undefined) return [`logs has no row of epoch ${epoch}`];
    const isSame = row.origin === origin && row.open === 1;
    return isSame ? [] : [`the row of epoch ${epoch} in logs is not what the log's events say`];
  });
  const others = rows.filter(({ epoch }) => !epochs.some((one) => one.epoch === epoch));
  return [...faults, ...others.map(({ epoch }) => `no event opened epoch ${epoch} of logs`)];
}

/**
 * What is wrong with how epochs were begun. They have one key: the one that is given, or that of the
 * first of them; and what follows the first is signed by it.
 */
export async function epochFaults(
  epochs: readonly LogEpoch[],
  reads: TreeReads,
  /** Whether no tile is damaged: otherwise a root says nothing of events. */
  isSound: boolean,
  keyOf = keyOfFirst(epochs),
): Promise<readonly VerificationProblem[]> {
  const faults = new AlikeFaults((epoch) => `epoch ${epoch}`);
  for (const [
    index,
    { epoch, origin, verifierKey, acknowledgement, sizeMin },
  ] of epochs.entries()) {
    if (verifierKey === undefined || keyOf === undefined) continue;
    if (keyOf(origin) !== verifierKey) {
      faults.add(epoch, { fault: "names another key than the log's" });
    } else if (index > 0) {
      const size = sizeMin - 1;
      const fault = await acknowledgementFault(
        acknowledgement,
        { origin, verifierKey, size },
        reads,
      );
      const ofTiles = fault === OTHER_EVENTS ? OTHER_TREE : fault;
      if (fault !== undefined) faults.add(epoch, { fault, ofTiles });
    }
  }
  return isSound ? faults.problems : faults.unplaced;
}

/** What checkpoints of an origin are verified with. */
export type VerifierKeyOf = (origin: string) => string;

function keyOfFirst([first]: readonly LogEpoch[]): VerifierKeyOf | undefined {
  const parsed = parseVerifierKey(first?.verifierKey ?? '');
  if (parsed.kind === 'refused') return undefined;
  return (origin) => (isKeyName(origin) ? verifierKeyText(origin, parsed.verifier.publicKey) : '');
}
