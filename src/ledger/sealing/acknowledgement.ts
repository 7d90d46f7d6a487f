import { type Checkpoint, parseCheckpoint } from '../../tlog/checkpoint.js';
import { openNote } from '../../tlog/signed-note.js';
import { parseVerifierKey } from '../../tlog/verifier-key.js';
import type { CheckpointSigner } from './checkpoint-signer.js';
import { LogTiles } from './log-tiles.js';
import { checkpointOfNote } from './note-checkpoint.js';
import type { TreeReads } from './seal-store.port.js';

/** The head of a tree: whose, how large, and its root. */
export type TreeHead = Pick<Checkpoint, 'origin' | 'size' | 'root'>;

/** What is wrong with the acknowledgement of an epoch of other events than there are. */
export const OTHER_EVENTS = 'is acknowledged for other events';

/** The first word of the line that says what an epoch came after. */
const RECOVERED = 'recovered';

/**
 * Says with the log's own key that a ledger goes on from what it still has, and from which newest
 * checkpoint: a checkpoint of the new epoch with one more line. Nobody without the key begins an epoch.
 */
export function signAcknowledgement(
  signer: CheckpointSigner,
  kept: TreeHead,
  known: TreeHead,
): string {
  const root = Buffer.from(known.root).toString('base64');
  const line = `${RECOVERED} ${known.origin} ${known.size} ${root}`;
  return signer.sign({ ...kept, extensions: [line] });
}

/** Whether a note says to be an acknowledgement; its signature is another question. */
export function isAcknowledgement(note: string): boolean {
  return checkpointOfNote(note)?.extensions[0]?.startsWith(`${RECOVERED} `) === true;
}

/** The newest checkpoint that was known where an epoch was acknowledged; undefined for any other note. */
function headRecoveredFrom(note: string): Pick<TreeHead, 'origin' | 'size'> | undefined {
  const [word, origin, size] = checkpointOfNote(note)?.extensions[0]?.split(' ') ?? [];
  if (word !== RECOVERED || origin === undefined) return undefined;
  return { origin, size: Number(size) };
}

/** The newest epoch of a ledger as its own stream has it, and what the key in the vault verifies it with. */
export interface AcknowledgedEpoch {
  readonly origin: string;
  readonly acknowledgement: string;
  readonly verifierKey: string;
}

/**
 * Whether the key of the log began an epoch over these events knowing of all that a checkpoint covers:
 * as the events have it still, or as it was among what was given up.
 */
export async function acknowledges(
  { origin, acknowledgement, verifierKey }: AcknowledgedEpoch,
  known: TreeHead,
  reads: TreeReads,
): Promise<boolean> {
  const fault = await acknowledgementFault(acknowledgement, { origin, verifierKey }, reads);
  if (fault !== undefined) return false;
  const from = headRecoveredFrom(acknowledgement);
  if (from?.origin === known.origin && from.size >= known.size) return true;
  const root = await new LogTiles(reads).root(known.size);
  return root?.equals(known.root) === true;
}

/**
 * What is wrong with the acknowledgement of an epoch: it must be signed by the key, for that origin,
 * and be of the events that there are.
 */
export async function acknowledgementFault(
  note: string | undefined,
  { origin, verifierKey, size }: { origin: string; verifierKey: string; size?: number },
  reads: TreeReads,
): Promise<string | undefined> {
  const key = parseVerifierKey(verifierKey);
  if (note === undefined || key.kind === 'refused') return 'is not acknowledged by any key';
  const opened = openNote(note, [key.verifier]);
  if (opened.kind === 'refused') return 'is not acknowledged by the key of the log';
  const parsed = parseCheckpoint(opened.text);
  if (parsed.kind === 'refused' || !isAcknowledgement(note)) return 'is not acknowledged by a note';
  const { checkpoint } = parsed;
  const isOfEpoch = checkpoint.origin === origin && checkpoint.size === (size ?? checkpoint.size);
  if (!isOfEpoch) return 'is acknowledged for another epoch';
  const root = await new LogTiles(reads).root(checkpoint.size);
  return root?.equals(checkpoint.root) === true ? undefined : OTHER_EVENTS;
}
