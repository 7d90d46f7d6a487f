import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { parse } from 'dotenv';
import { describe, expect, it } from '@jest/globals';
import { readSettings, SETTING_NAMES } from '../../src/config/settings.js';

const textOf = (file: string): string =>
  readFileSync(resolve(import.meta.dirname, '../..', file), 'utf8');

describe('the documentation of the settings', () => {
  it('is in the README: a row for each, and for nothing else', () => {
    const [, section = ''] = /\n## Settings\n(.*?)\n## /s.exec(textOf('README.md')) ?? [];
    const rows = [...section.matchAll(/^\| `([A-Z_]+)` /gm)].map(([, name]) => name);
    expect(rows).toEqual(SETTING_NAMES);
  });

  it('names no setting in the README that there is not', () => {
    const named = textOf('README.md').match(/\bTOKEN_LEDGER_[A-Z_]+/g) ?? [];
    expect(named.filter((name) => !SETTING_NAMES.includes(name))).toEqual([]);
  });

  it('is in .env.example: each as a comment, so that a copy of it changes nothing', () => {
    const text = textOf('.env.example');
    const names = [...text.matchAll(/^# ?([A-Z_]+)=/gm)].map(([, name]) => name);
    expect(names).toEqual(SETTING_NAMES);
    expect(parse(text)).toEqual({});
  });

  it('gives values in .env.example that can be set', () => {
    const uncommented = textOf('.env.example').replaceAll(/^# ?(?=[A-Z_]+=)/gm, '');
    expect(() => readSettings(parse(uncommented))).not.toThrow();
  });
});
