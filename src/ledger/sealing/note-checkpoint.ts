import { type Checkpoint, parseCheckpoint } from '../../tlog/checkpoint.js';

/** The text of a signed note, without its signatures; whether they are good is another question. */
export function noteText(note: string): string {
  return note.slice(0, note.lastIndexOf('\n\n') + 1);
}

/** The checkpoint that a note states, its signatures unverified; undefined for any other text. */
export function checkpointOfNote(note: string): Checkpoint | undefined {
  const parsed = parseCheckpoint(noteText(note));
  return parsed.kind === 'parsed' ? parsed.checkpoint : undefined;
}
