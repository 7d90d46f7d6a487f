import { type Checkpoint, parseCheckpoint } from '../../tlog/checkpoint.js';
import { LedgerCorrupted } from '../ledger.errors.js';
import type { SealedCheckpoint } from '../seals.port.js';

/** The text of a signed note, without its signatures; whether they are good is another question. */
export function noteText(note: string): string {
  return note.slice(0, note.lastIndexOf('\n\n') + 1);
}

/** The checkpoint that a note states, its signatures unverified; undefined for any other text. */
export function checkpointOfNote(note: string): Checkpoint | undefined {
  const parsed = parseCheckpoint(noteText(note));
  return parsed.kind === 'parsed' ? parsed.checkpoint : undefined;
}

/** A checkpoint's row as it is stored: without the origin, which its note states. */
export type CheckpointRow = Omit<SealedCheckpoint, 'origin'>;

/** The checkpoint of a row. Throws LedgerCorrupted when the row is not what its note states. */
export function sealedCheckpointOf(row: CheckpointRow): SealedCheckpoint {
  const stated = checkpointOfNote(row.note);
  if (stated?.size === row.size && row.root.equals(stated.root)) {
    return { ...row, origin: stated.origin };
  }
  const { epoch, size } = row;
  throw new LedgerCorrupted(`the checkpoint of size ${size} in epoch ${epoch} is not its note`);
}
