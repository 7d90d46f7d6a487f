import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { Writable } from 'node:stream';
import { PASSWORD_BYTES_MAX } from '../config/password-limits.js';
import { PASSWORD_CHARACTERS_MIN } from '../domain/directory/account.rules.js';
import { CommandRefused } from './failure.js';

/** Where a password can come from: a terminal, a pipe or a file. */
export type PasswordSource = NodeJS.ReadableStream & { readonly isTTY?: boolean };

const LINE_BYTES_MAX = 8192;

/** What the help of a verb that reads a password says of it. */
export const PASSWORD_HELP = `The password comes from standard input: typed twice on a terminal, else the first line.
It has at least ${PASSWORD_CHARACTERS_MIN} characters and at most ${PASSWORD_BYTES_MAX} bytes.`;

/**
 * Reads a new password: typed twice and never shown on a terminal, the first line of anything else.
 * Questions go to `questions`, so that stdout holds only the answer of the verb.
 */
export async function readPassword(
  source: PasswordSource = process.stdin,
  questions: NodeJS.WritableStream = process.stderr,
): Promise<string> {
  if (source.isTTY !== true) return firstLine(source);
  const password = await askHidden('Password: ', source, questions);
  const again = await askHidden('Again: ', source, questions);
  if (password !== again) throw new CommandRefused('the two passwords differ');
  return password;
}

async function askHidden(
  question: string,
  source: PasswordSource,
  questions: NodeJS.WritableStream,
): Promise<string> {
  questions.write(question);
  const nowhere = new Writable({ write: (_chunk, _encoding, done) => done() });
  const lines = createInterface({ input: source, output: nowhere, terminal: true, historySize: 0 });
  try {
    const typed = await Promise.race([
      once(lines, 'line').then(([line]) => line as string),
      once(lines, 'SIGINT').then(() => undefined),
      once(lines, 'close').then(() => undefined),
    ]);
    if (typed === undefined) throw new CommandRefused('no password was given');
    return typed;
  } finally {
    lines.close();
    questions.write('\n');
  }
}

async function firstLine(source: PasswordSource): Promise<string> {
  const chunks: Buffer[] = [];
  let length = 0;
  for await (const chunk of source) {
    const bytes = Buffer.from(chunk);
    const end = bytes.indexOf('\n');
    chunks.push(end === -1 ? bytes : bytes.subarray(0, end));
    length += bytes.length;
    if (end !== -1 || length > LINE_BYTES_MAX) break;
  }
  const line = decodedInput(Buffer.concat(chunks), 'password').replace(/\r$/, '');
  if (line === '') throw new CommandRefused('there is no password on standard input');
  return line;
}

/** What was read from standard input. Throws a CommandRefused when it is no UTF-8. */
export function decodedInput(bytes: Buffer, what: 'password' | 'note'): string {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    throw new CommandRefused(`the ${what} on standard input is not UTF-8`);
  }
}
