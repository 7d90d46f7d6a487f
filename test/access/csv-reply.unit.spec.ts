import { describe, expect, it } from '@jest/globals';
import { csvText } from '../../src/access/csv.reply.js';

const fieldOf = (value: unknown): string =>
  csvText([value], { field: (item) => item }).slice('field\r\n'.length, -'\r\n'.length);

describe('a field of comma-separated values', () => {
  it.each([
    ["=cmd|' /C calc'!A0", "'=cmd|' /C calc'!A0"],
    ['+1+1', "'+1+1"],
    ['@SUM(A1:A2)', "'@SUM(A1:A2)"],
    ['-1+cmd()', "'-1+cmd()"],
    ["-cmd|' /C calc'!A0", "'-cmd|' /C calc'!A0"],
    ['-', "'-"],
    ['-A1\n=1', '"\'-A1\n=1"'],
    ['\t=1', "'\t=1"],
  ])('is no formula: %j', (text, field) => {
    expect(fieldOf(text)).toBe(field);
  });

  it.each(['-C2S7Rmslp09YUpEKvfHNA', '--dNmA7Fhs0cFSTCqHd0Rw', 'C-2', 'a=b'])(
    'is the id that it is: %s',
    (id) => {
      expect(fieldOf(id)).toBe(id);
    },
  );

  it.each([
    [-5, '-5'],
    [true, 'true'],
    [null, ''],
    [undefined, ''],
    ['a "b", c', '"a ""b"", c"'],
    [{ a: [1] }, '"{""a"":[1]}"'],
  ])('is %j as %j', (value, field) => {
    expect(fieldOf(value)).toBe(field);
  });
});
