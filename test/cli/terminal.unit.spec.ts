import { describe, expect, it } from '@jest/globals';
import { lineOf } from '../../src/cli/failure.js';
import { factsText, printable, tableText } from '../../src/cli/terminal.js';

describe('text of strangers on a terminal', () => {
  it.each([
    ['an escape sequence', '\u001b[2J', '\\u{1b}[2J'],
    ['an escape sequence of one byte', '\u009b31m', '\\u{9b}31m'],
    ['a bell', 'a\u0007', 'a\\u{7}'],
    ['a mark that reorders text', 'a\u202eb', 'a\\u{202e}b'],
    ['a line separator', 'a\u2028b', 'a\\u{2028}b'],
    ['letters of any script', 'Zoë 東京 🦊', 'Zoë 東京 🦊'],
  ])('shows %s and does not obey it', (_what, text, shown) => {
    expect(printable(text)).toBe(shown);
    expect(tableText(['Name'], [[text]])).toContain(shown);
    expect(factsText([['Name', text]])).toContain(shown);
  });
});

describe('a failure', () => {
  it.each([
    ['its message', new Error('it broke'), 'it broke'],
    ['one line of several', new Error('it broke\n    at once\r\n'), 'it broke at once'],
    ['no escape sequence', new Error('it \u001b[31mbroke'), 'it [31mbroke'],
    ['something even without a message', new TypeError(), 'TypeError'],
    ['what was thrown', 'it broke', 'it broke'],
  ])('is %s', (_what, error, line) => {
    expect(lineOf(error)).toBe(line);
  });
});
