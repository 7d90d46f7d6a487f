import { describe, expect, it } from '@jest/globals';

import { displayText } from '../../../src/interaction/pages/display-text.js';
import { durationWords } from '../../../src/interaction/pages/duration-words.js';
import { formTarget, safeLink } from '../../../src/interaction/pages/safe-link.js';
import { describeScope } from '../../../src/interaction/pages/scope-words.js';

describe('durationWords', () => {
  it.each([
    [0, '0 seconds'],
    [0.2, '1 second'],
    [1, '1 second'],
    [59, '59 seconds'],
    [60, '1 minute'],
    [95, '1 minute and 35 seconds'],
    [600, '10 minutes'],
    [3_599, '59 minutes and 59 seconds'],
    [5_400, '1 hour and 30 minutes'],
    [3_661, '1 hour and 2 minutes'],
    [43_200, '12 hours'],
    [86_399, '1 day'],
    [86_401, '1 day and 1 hour'],
    [15_552_000, '180 days'],
  ])('says %d seconds as "%s"', (seconds, words) => {
    expect(durationWords(seconds)).toBe(words);
  });

  it.each([-1, Number.NaN, Number.POSITIVE_INFINITY])('refuses %d', (seconds) => {
    expect(() => durationWords(seconds)).toThrow(RangeError);
  });
});

describe('describeScope', () => {
  it.each([
    'openid',
    'profile',
    'email',
    'address',
    'phone',
    'offline_access',
    'audit:read',
    'replay:run',
    'admin',
  ])('has plain words for %s', (scope) => {
    expect(describeScope(scope).title).not.toContain('“');
  });

  it.each(['orders:write', 'constructor', '__proto__'])('shows %s literally', (scope) => {
    expect(describeScope(scope).title).toBe(`Use the permission “${scope}”`);
    expect(describeScope(scope).detail).toContain('no description');
  });
});

describe('displayText', () => {
  it.each([
    ['two\n\u2028 lines', 'two lines'],
    ['Bank\u202egnp.exe', 'Bankgnp.exe'],
    ['Ba\u200bnk\u0000', 'Bank'],
    [`Z${'\u0335'.repeat(40)}`, `Z${'\u0335'.repeat(4)}`],
    ['می\u200cخواهم', 'می\u200cخواهم'],
    ['👩\u200d🚀 Crew', '👩\u200d🚀 Crew'],
    ['\u3164\u200d\u2800', 'nobody'],
    ['', 'nobody'],
    ['exactly 12!!', 'exactly 12!!'],
    ['more than twelve', 'more than t…'],
    ['🚀'.repeat(13), `${'🚀'.repeat(11)}…`],
  ])('shows %j as %j', (value, shown) => {
    expect(displayText(value, 12, 'nobody')).toBe(shown);
  });
});

describe('safeLink', () => {
  it.each([
    ['/path?a=1#b', '/path?a=1#b'],
    ['/a/"><b>', '/a/%22%3E%3Cb%3E'],
    ['https://client.example', 'https://client.example/'],
    ['http://127.0.0.1:4000/x', 'http://127.0.0.1:4000/x'],
  ])('keeps %j', (address, target) => {
    expect(safeLink(address)).toBe(target);
    expect(formTarget(address)).toBe(target);
  });

  it.each([
    '',
    'path',
    '//evil.example',
    '/\\evil.example',
    '/\t/evil.example',
    'javascript:alert(1)',
    ' JaVaScRiPt:alert(1)',
    'data:text/html,x',
    'https://bank.example@evil.example/',
    'https://',
  ])('refuses %j', (address) => {
    expect(safeLink(address)).toBeUndefined();
    expect(() => formTarget(address)).toThrow(TypeError);
  });
});
