import { describe, expect, it } from '@jest/globals';
import { momentText } from '../../src/access/moment.js';

describe('the text of a moment', () => {
  it.each([
    ['0', { position: 0 }],
    ['1204', { position: 1204 }],
    ['2026-11-21T02:14:07Z', { instant: Date.UTC(2026, 10, 21, 2, 14, 7) }],
    ['2026-11-21t02:14:07.123456z', { instant: Date.UTC(2026, 10, 21, 2, 14, 7, 123) }],
    ['2026-11-21T16:14:07+14:00', { instant: Date.UTC(2026, 10, 21, 2, 14, 7) }],
  ])('%s is a position, or a time', (text, moment) => {
    expect(momentText(text)).toEqual(moment);
  });

  it.each(['0000-01-01T00:00:00+14:00', '0001-01-01T00:00:00Z', '1969-12-31T23:59:59.999Z'])(
    '%s is the first instant, which events can name',
    (text) => {
      expect(momentText(text)).toEqual({ instant: 0 });
    },
  );

  it.each(['9999-12-31T23:59:59Z', '9999-12-31T23:59:59-12:00'])(
    '%s is the last instant, of four digits also at the end of its hour',
    (text) => {
      const moment = momentText(text);
      expect(moment).toEqual({ instant: Date.parse('9999-12-31T23:00:00Z') });
    },
  );

  it.each([
    '',
    'now',
    '-1',
    '01',
    '1e3',
    '2026-11-21',
    '2026-11-21T02:14:07',
    '2026-02-30T00:00:00Z',
  ])('%j is none', (text) => {
    expect(momentText(text)).toBeUndefined();
  });
});
