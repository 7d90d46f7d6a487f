import { NOTE_CHARACTERS_MAX } from '../audit/give-verdict.command.js';
import { CommandRefused } from './failure.js';
import { decodedInput } from './password-input.js';

/** No text that is short enough has more bytes than this, and its line end. */
const NOTE_BYTES_MAX = 3 * NOTE_CHARACTERS_MAX + 2;

/** Reads a note from standard input to its end. Throws a CommandRefused of one line, without the note. */
export async function readNote(
  source: AsyncIterable<Buffer | string> = process.stdin,
): Promise<string> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of source) {
    chunks.push(Buffer.from(chunk));
    bytes += chunks.at(-1)?.length ?? 0;
    if (bytes > NOTE_BYTES_MAX) break;
  }
  const note = decodedInput(Buffer.concat(chunks), 'note').replace(/\r?\n$/, '');
  if (note.trim() === '') throw new CommandRefused('there is no note on standard input');
  if (note.length > NOTE_CHARACTERS_MAX) {
    throw new CommandRefused(`the note must have at most ${NOTE_CHARACTERS_MAX} characters`);
  }
  return note;
}
