import { parseCheckpoint } from '../../tlog/checkpoint.js';
import { openNote } from '../../tlog/signed-note.js';
import { parseVerifierKey } from '../../tlog/verifier-key.js';
import type { StoredCheckpoint } from './ledger.source.js';
import type { LogEpoch } from './log-epochs.js';

/** What is wrong with a checkpoint whose root is not that of the events. */
export const ROOT_DIFFERS = 'is not of these events';

/** What is wrong with a stored checkpoint, given its epoch and the root of the tree at its size. */
export function checkpointFault(
  { size, root, note }: StoredCheckpoint,
  { origin, verifierKey }: LogEpoch,
  rootOfEvents: Buffer,
): string | undefined {
  const isRead = Buffer.isBuffer(root) && typeof note === 'string';
  if (!isRead || !root.equals(rootOfEvents)) return ROOT_DIFFERS;
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
  return note === `${opened.text}\n${line}` ? undefined : 'has a note that says more';
}

/** Whether a checkpoint is as its key signed it: then it is the events that are not those it was made of. */
export function isAsSigned(stored: StoredCheckpoint, epoch: LogEpoch): boolean {
  return checkpointFault(stored, epoch, stored.root) === undefined;
}
