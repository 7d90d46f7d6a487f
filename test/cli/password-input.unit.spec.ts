import { PassThrough } from 'node:stream';
import { describe, expect, it } from '@jest/globals';
import { type PasswordSource, readPassword } from '../../src/cli/password-input.js';

/** A terminal at which somebody types, and what it was shown. */
function terminal(): {
  source: PasswordSource & PassThrough;
  shown: () => string;
  to: PassThrough;
} {
  const source = Object.assign(new PassThrough(), { isTTY: true, setRawMode: () => source });
  const to = new PassThrough();
  let shown = '';
  to.setEncoding('utf8').on('data', (text: string) => (shown += text));
  return { source, to, shown: () => shown };
}

async function typed(...lines: readonly string[]): Promise<{ outcome: unknown; shown: string }> {
  const { source, to, shown } = terminal();
  const password = readPassword(source, to).catch((error: Error) => error.message);
  for (const line of lines) {
    await new Promise((done) => setTimeout(done, 20));
    source.write(line);
  }
  return { outcome: await password, shown: shown() };
}

describe('a password from a terminal', () => {
  it('is asked for twice and never shown', async () => {
    const { outcome, shown } = await typed('a long password\r', 'a long password\r');
    expect(outcome).toBe('a long password');
    expect(shown).toBe('Password: \nAgain: \n');
  });

  it('is refused when the two differ', async () => {
    const { outcome } = await typed('a long password\r', 'another password\r');
    expect(outcome).toBe('the two passwords differ');
  });

  it.each([
    ['Ctrl-C', ['abc', '\u0003']],
    ['Ctrl-D', ['\u0004']],
  ])('is not given with %s', async (_name, keys) => {
    expect((await typed(...keys)).outcome).toBe('no password was given');
  });
});

describe('a password from anything else', () => {
  const read = async (...chunks: readonly (string | Buffer)[]): Promise<unknown> => {
    const source = new PassThrough();
    for (const chunk of chunks) source.write(chunk);
    source.end();
    return readPassword(source).catch((error: Error) => error.message);
  };

  it.each<[what: string, chunks: readonly (string | Buffer)[], expected: string]>([
    ['the whole of it without a line end', ['a long password'], 'a long password'],
    ['its first line', ['a long password\nanother line\n'], 'a long password'],
    ['a line with the end of Windows', ['a long password\r\n'], 'a long password'],
    [
      'a line in pieces, in the middle of a letter',
      [Buffer.from([0xc3]), Buffer.from([0xa4, 10])],
      'ä',
    ],
    ['spaces as they are', ['  a password  \n'], '  a password  '],
  ])('is %s', async (_what, chunks, expected) => {
    expect(await read(...chunks)).toBe(expected);
  });

  it.each<[what: string, chunks: readonly (string | Buffer)[], complaint: string]>([
    ['nothing', [], 'there is no password on standard input'],
    ['an empty line', ['\nsecond line\n'], 'there is no password on standard input'],
    ['no UTF-8', [Buffer.from([0xff, 0xfe, 10])], 'the password on standard input is not UTF-8'],
  ])('is refused when it is %s', async (_what, chunks, complaint) => {
    expect(await read(...chunks)).toBe(complaint);
  });

  it('is not read without end', async () => {
    const source = new PassThrough();
    const password = readPassword(source);
    source.write('a'.repeat(20_000));
    expect((await password).length).toBeGreaterThan(8192);
  });
});
