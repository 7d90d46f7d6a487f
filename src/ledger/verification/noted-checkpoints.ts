import { createReadStream } from 'node:fs';
import { createInterface } from 'node:readline';
import { filedNoteOf } from '../sealing/checkpoint-file.js';
import { checkpointOfNote } from '../sealing/note-checkpoint.js';

/** What stands in a file of checkpoints: a signed note, or a line that is none. */
export type NotedCheckpoint = { readonly note: string } | { readonly line: number };

/**
 * Reads a file of checkpoints: one signed note, or JSON lines `{ at, note }`. Blank lines count as none, and
 * so do lines that were torn: by a crash, or where the file was cut. Throws the file system's error.
 */
export async function* notedCheckpoints(path: string): AsyncGenerator<NotedCheckpoint> {
  const lines = createInterface({ input: createReadStream(path, 'utf8'), crlfDelay: Infinity });
  /** The lines before the first one in JSON. */
  const plain: string[] = [];
  let isJson = false;
  let line = 0;
  for await (const text of lines) {
    line += 1;
    if (!isJson && !text.startsWith('{')) {
      if (line > NOTE_LINES_MAX) break;
      plain.push(text);
      continue;
    }
    if (!isJson) yield* linesBefore(plain);
    isJson = true;
    const filed = filedNoteOf(text);
    if (filed !== undefined) yield filed;
    else if (!isBlank(text) && !isTorn(text)) yield { line };
  }
  if (!isJson) yield* noteIn(plain);
}

/** A note has four lines and its signatures: a file that is longer is none. */
const NOTE_LINES_MAX = 200;

/** The one note that lines are, whatever blank lines an editor or a pipe left around it. */
function* noteIn(lines: readonly string[]): Generator<NotedCheckpoint> {
  const first = lines.findIndex((text) => !isBlank(text));
  if (first === -1) return;
  const last = lines.findLastIndex((text) => !isBlank(text));
  const note = `${lines.slice(first, last + 1).join('\n')}\n`;
  yield checkpointOfNote(note) === undefined ? { line: first + 1 } : { note };
}

/** Which of the lines before one in JSON are none: the first one may be the rest of a line that was cut. */
function* linesBefore(lines: readonly string[]): Generator<NotedCheckpoint> {
  for (const [index, text] of lines.entries()) {
    const isRest = index === 0 && text.endsWith('}');
    if (!isBlank(text) && !isRest) yield { line: index + 1 };
  }
}

/** A disk that lost power leaves zeros. */
function isBlank(text: string): boolean {
  return /^[\s\0]*$/.test(text);
}

/** Whether a line begins as those of the file do, and has no end; one that has it was not torn. */
function isTorn(text: string): boolean {
  return LINE_BEGIN.startsWith(text.slice(0, LINE_BEGIN.length)) && !text.endsWith('}');
}

const LINE_BEGIN = '{"at":';
