import { stripVTControlCharacters } from 'node:util';
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

describe('a table on a terminal', () => {
  const id = '01939f0a7c1b7d3e8a4f5b6c7d8e9f00';
  const head = ['Family', 'Client\nAccount', 'Status', 'Granted'];
  const rows = [
    [id, 'Shop (pCP-NzBHQFYjVtrNVKw9IA)\nana', 'active', '2026-11-21 02:43:08Z'],
    [id.replace('00', 'ff'), '東京'.repeat(20), 'revoked', '2026-11-21 02:43:09Z'],
  ];
  const plain = (text: string): string => stripVTControlCharacters(text);
  const widthsOf = (text: string): number[] =>
    plain(text)
      .split('\n')
      .map((line) => line.length + (line.match(/[東京]/g)?.length ?? 0));

  it.each([50, 60, 80, 120])('fits %i columns, in lines of one width', (columns) => {
    const [first = 0, ...others] = widthsOf(tableText(head, rows, columns));
    expect(first).toBeLessThanOrEqual(columns);
    expect(new Set(others)).toEqual(new Set([first]));
  });

  it.each([50, 60, 80, 120])('keeps whole, in %i columns, what names its rows', (columns) => {
    const text = tableText(head, rows, columns);
    for (const [name = ''] of rows) expect(text).toContain(`│ ${name} │`);
  });

  it('wraps between words before it cuts one with a mark', () => {
    const text = tableText(head, rows, 80);
    expect(text).toMatch(/│ 2026-11-21 │\n/);
    expect(text).toMatch(/│ 02:43:08Z +│\n/);
    expect(text).toMatch(/│ active +│/);
    expect(text).toMatch(/│ \(pCP-[\w-]+… +│/);
    expect(text).not.toContain('pCP-NzBHQFYjVtrNVKw9IA');
  });

  it('cuts nothing when there is room', () => {
    const whole = tableText(head, rows, Infinity);
    const widest = Math.max(...widthsOf(whole));
    expect(widest).toBeGreaterThan(120);
    expect(whole).not.toContain('…');
    expect(tableText(head, rows, widest)).toBe(whole);
    expect(tableText(head, rows, widest - 1)).not.toBe(whole);
  });

  it.each([
    ['as wide as the terminal', { isTTY: true, columns: 80 }, 80],
    ['whole on a terminal that does not know its width', { isTTY: true, columns: 0 }, Infinity],
    ['whole where stdout is no terminal', { isTTY: false, columns: 80 }, Infinity],
  ])('is %s', (_how, stdout, widthMax) => {
    const before = Object.getOwnPropertyDescriptors(process.stdout);
    const properties = Object.entries(stdout).map(
      ([name, value]) => [name, { value, configurable: true }] as const,
    );
    Object.defineProperties(process.stdout, Object.fromEntries(properties));
    try {
      expect(plain(tableText(head, rows))).toBe(plain(tableText(head, rows, widthMax)));
    } finally {
      for (const [name] of properties) {
        delete (process.stdout as unknown as Record<string, unknown>)[name];
        if (name in before) Object.defineProperty(process.stdout, name, before[name]!);
      }
    }
  });

  it('cuts the widest column only', () => {
    const text = tableText(['Name', 'Word', 'Other'], [['a', 'b'.repeat(60), 'c'.repeat(12)]], 60);
    expect(text).toMatch(/b{30,}…/);
    expect(text).toContain('c'.repeat(12));
  });

  it('wraps even what names its rows when nothing else is left to give', () => {
    const name = 'n'.repeat(100);
    const text = tableText(['User name', 'Status'], [[name, 'active']], 40);
    expect(Math.max(...widthsOf(text))).toBeLessThanOrEqual(40);
    expect(plain(text).replaceAll(/[^n]/g, '')).toBe(`n${name}`);
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
