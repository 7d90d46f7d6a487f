import { parseCheckpoint } from '../../tlog/checkpoint.js';
import { openNote } from '../../tlog/signed-note.js';
import { parseVerifierKey } from '../../tlog/verifier-key.js';
import type { StoredCheckpoint } from './ledger.source.js';
import type { LogEpoch } from './log-epochs.js';

/** What is wrong with a checkpoint that is as its key signed it: then it is the events that are others. */
export const ROOT_DIFFERS = 'is not of these events';

/** The same where tiles are damaged, which roots are made of: then nothing is known of the events. */
export const TREE_DIFFERS = 'is not of the tree that the stored tiles make';

/**
 * What is wrong with a stored checkpoint, given its epoch and the root of the tree at its size: with itself first,
 * for only one that is as it was signed says anything of the events.
 */
export function checkpointFault(
  { size, root, note }: StoredCheckpoint,
  { origin, verifierKey }: LogEpoch,
  rootOfEvents: Buffer,
): string | undefined {
  if (!Buffer.isBuffer(root) || typeof note !== 'string') return 'is not what its note says';
  if (verifierKey === undefined) return 'cannot be verified: no event of the log names its key';
  const key = parseVerifierKey(verifierKey);
  if (key.kind === 'refused') return 'cannot be verified: the key of its epoch is none';
  const opened = openNote(note, [key.verifier]);
  if (opened.kind === 'refused') return 'is not signed by the key of its epoch';
  const [signed] = opened.verified;
  const parsed = parseCheckpoint(opened.text);
  const isSame =
    parsed.kind === 'parsed' &&
    parsed.checkpoint.origin === origin &&
    parsed.checkpoint.size === size &&
    root.equals(parsed.checkpoint.root);
  if (!isSame) return 'is not what its note says';
  // Whatever else stands in the note was not written by the ledger.
  const bytes = Buffer.from(`${key.verifier.keyId}${signed?.signature.toString('hex')}`, 'hex');
  const line = `— ${key.verifier.name} ${bytes.toString('base64')}\n`;
  if (note !== `${opened.text}\n${line}`) return 'has a note that says more';
  return root.equals(rootOfEvents) ? undefined : ROOT_DIFFERS;
}
