import { createReadStream } from 'node:fs';
import { createInterface } from 'node:readline';
import { filedNoteOf } from '../sealing/checkpoint-file.js';
import { checkpointOfNote } from '../sealing/note-checkpoint.js';

/** What stands in a file of checkpoints: a signed note, or a line that is none. */
export type NotedCheckpoint = { readonly note: string } | { readonly line: number };

/**
 * Reads a file of checkpoints: one signed note, or JSON lines `{ at, note }`, of which those that a
 * crash tore are left out. Throws the file system's error.
 */
export async function* notedCheckpoints(path: string): AsyncGenerator<NotedCheckpoint> {
  const lines = createInterface({ input: createReadStream(path, 'utf8'), crlfDelay: Infinity });
  const plain: string[] = [];
  let number = 0;
  for await (const text of lines) {
    number += 1;
    if (plain.length > 0 || (number === 1 && !text.startsWith('{'))) {
      if (number > NOTE_LINES_MAX) break;
      plain.push(text);
      continue;
    }
    const filed = filedNoteOf(text);
    // A line that has its end was not torn: it was written otherwise, or changed.
    if (filed !== undefined) yield filed;
    else if (text.endsWith('}')) yield { line: number };
  }
  if (plain.length === 0) return;
  const note = `${plain.join('\n')}\n`;
  yield checkpointOfNote(note) === undefined ? { line: 1 } : { note };
}

/** A note has four lines and its signatures: a file that is longer is none. */
const NOTE_LINES_MAX = 200;
