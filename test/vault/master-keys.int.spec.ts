import { chmodSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { inspect } from 'node:util';
import { describe, expect, it } from '@jest/globals';
import { DerivedMasterKeys, loadMasterKeys } from '../../src/vault/master-keys.js';
import { VaultError } from '../../src/vault/vault.errors.js';
import vectors from '../vectors/keys-and-tokens.json' with { type: 'json' };
import { asUser, isRoot } from './as-user.js';
import { temporaryDirectories } from './temporary-directory.js';
import { runTogether } from './together.js';

const newDirectory = temporaryDirectories();
const KEY = 'AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8';
const OTHER_KEY = '__79_Pv6-fj39vX08_Lx8O_u7ezr6uno5-bl5OPi4eA';

function newSettings() {
  const directory = newDirectory();
  return {
    masterKey: undefined,
    masterKeyFile: join(directory, 'keys', 'master.key'),
    dataDirectory: join(directory, 'data'),
  };
}

function settingsWithFile(text: string, mode = 0o600) {
  const settings = newSettings();
  mkdirSync(dirname(settings.masterKeyFile));
  writeFileSync(settings.masterKeyFile, text, { mode });
  chmodSync(settings.masterKeyFile, mode);
  return settings;
}

function refusalOf(settings: ReturnType<typeof newSettings>): string {
  try {
    loadMasterKeys(settings);
  } catch (error) {
    expect(error).toBeInstanceOf(VaultError);
    return (error as VaultError).message;
  }
  throw new Error('it was not refused');
}

describe('derived keys', () => {
  const keys = new DerivedMasterKeys(
    new Map(
      Object.entries(vectors.masterKeys).map(([id, key]) => [id, Buffer.from(key, 'base64url')]),
    ),
  );

  it.each(vectors.derived)('are the frozen ones: $keyId, "$purpose"', (vector) => {
    expect(keys.derive(vector.keyId, vector.purpose)?.toString('hex')).toBe(vector.key);
    expect(keys.derive(vector.keyId, vector.purpose)?.toString('hex')).toBe(vector.key);
  });

  it('are undefined for a key id that is unknown', () => {
    expect(keys.derive('2', 'x')).toBeUndefined();
    expect(keys.derive('01', 'x')).toBeUndefined();
  });

  it('come from 32-byte keys with a key id that tokens can carry, and from at least one', () => {
    const keysOf = (keyId: string, bytes: number) =>
      new DerivedMasterKeys(new Map([[keyId, Buffer.alloc(bytes)]]));
    expect(keysOf('65535', 32).activeKeyId).toBe('65535');
    expect(() => keysOf('1', 31)).toThrow(VaultError);
    for (const keyId of ['', '0', '01', '65536', '1 1', 'a']) {
      expect(() => keysOf(keyId, 32)).toThrow(VaultError);
    }
    expect(() => new DerivedMasterKeys(new Map())).toThrow(VaultError);
  });

  it('do not show their master keys when they are logged', () => {
    const shown = JSON.stringify(keys) + inspect(keys, { depth: null, showHidden: true });
    expect(shown).not.toMatch(/AAECAwQF|00 01 02 03/);
    expect(Object.keys(keys)).toEqual(['keyFileCreated', 'activeKeyId', 'keyIds']);
  });
});

describe('the master key of the environment', () => {
  it('has id 1 and leaves the key file alone', () => {
    const settings = { ...newSettings(), masterKey: KEY };
    const keys = loadMasterKeys(settings);
    expect(keys.activeKeyId).toBe('1');
    expect(keys.keyFileCreated).toBe(false);
    const [vector] = vectors.derived;
    expect(keys.derive('1', vector!.purpose)?.toString('hex')).toBe(vector!.key);
    expect(readdirSync(dirname(dirname(settings.masterKeyFile)))).toEqual([]);
  });
});

describe('the key file', () => {
  it('is made on first start, for its owner alone, and read on the next', () => {
    const settings = newSettings();
    const made = loadMasterKeys(settings);
    expect(made.keyFileCreated).toBe(true);
    expect(readFileSync(settings.masterKeyFile, 'utf8')).toMatch(/^1 [A-Za-z0-9_-]{43}\n$/);
    expect(statSync(settings.masterKeyFile).mode & 0o777).toBe(0o600);
    expect(statSync(dirname(settings.masterKeyFile)).mode & 0o777).toBe(0o700);
    expect(readdirSync(dirname(settings.masterKeyFile))).toEqual(['master.key']);

    const read = loadMasterKeys(settings);
    expect(read.keyFileCreated).toBe(false);
    expect(read.derive('1', 'x')).toEqual(made.derive('1', 'x'));
    expect(loadMasterKeys(newSettings()).derive('1', 'x')).not.toEqual(made.derive('1', 'x'));
  });

  it('is the same for processes that start together, and made by one of them', async () => {
    const settings = newSettings();
    const outcomes = await runTogether(
      8,
      `const { loadMasterKeys } = await import('./vault/master-keys.js');
       start();
       const keys = loadMasterKeys(${JSON.stringify(settings)});
       report({ created: keys.keyFileCreated, derived: keys.derive('1', 'x').toString('hex') });`,
    );
    expect(new Set(outcomes.map(({ derived }) => derived)).size).toBe(1);
    expect(outcomes.filter(({ created }) => created)).toHaveLength(1);
    expect(readdirSync(dirname(settings.masterKeyFile))).toEqual(['master.key']);
  });

  it('may list several keys, of which the last is active', () => {
    const keys = loadMasterKeys(settingsWithFile(`1 ${KEY}\n65535 ${OTHER_KEY}\n`));
    expect(keys.activeKeyId).toBe('65535');
    for (const { keyId, purpose, key } of vectors.derived) {
      expect(keys.derive(keyId, purpose)?.toString('hex')).toBe(key);
    }
  });

  it('may list key ids in any order: all are known, the active one first', () => {
    const [one, two] = [KEY, OTHER_KEY];
    const keys = loadMasterKeys(settingsWithFile(`9 ${one}\n40 ${two}\n7 ${one}\n`));
    expect(keys.keyIds).toEqual(['7', '40', '9']);
    expect(keys.activeKeyId).toBe('7');
  });

  it.each([
    ['without a last line feed', `1 ${KEY}`],
    ['with carriage returns', `1 ${KEY}\r\n`],
  ])('may be written %s', (_what, text) => {
    expect(loadMasterKeys(settingsWithFile(text)).activeKeyId).toBe('1');
  });

  it.each([
    ['nothing', '', /line 1 is not/],
    ['no key id', `${KEY}\n`, /line 1 is not/],
    ['a key too short', `1 ${KEY.slice(1)}\n`, /line 1 is not/],
    ['a key too long', `1 ${KEY}A\n`, /line 1 is not/],
    ['a key in standard base64', `1 ${OTHER_KEY.replaceAll('_', '/')}\n`, /line 1 is not/],
    ['key id 0', `0 ${KEY}\n`, /line 1 is not/],
    ['key id 65536', `65536 ${KEY}\n`, /line 1 is not/],
    ['an empty line', `1 ${KEY}\n\n2 ${OTHER_KEY}\n`, /line 2 is not/],
    ['a key id twice', `1 ${KEY}\n1 ${OTHER_KEY}\n`, /line 2 repeats key id 1/],
    ['too much', `1 ${KEY}\n`.repeat(2000), /is too long/],
  ])('is refused with %s, in one line that quotes nothing', (_what, text, report) => {
    const settings = settingsWithFile(text);
    const message = refusalOf(settings);
    expect(message).toMatch(report);
    expect(message).toContain(settings.masterKeyFile);
    expect(message).not.toMatch(/\n|AAECAwQF/);
  });

  it.each([0o640, 0o604, 0o620, 0o602, 0o666])('is refused with mode %o', (mode) => {
    const settings = settingsWithFile(`1 ${KEY}\n`, mode);
    expect(refusalOf(settings)).toBe(
      `the master key file ${settings.masterKeyFile} is open to other users: ` +
        `run chmod 600 ${settings.masterKeyFile}`,
    );
  });

  it('is refused when it is a directory', () => {
    const settings = newSettings();
    mkdirSync(settings.masterKeyFile, { recursive: true, mode: 0o700 });
    expect(refusalOf(settings)).toMatch(/cannot read the master key file .* \(EISDIR\)/);
  });

  it('is refused when it cannot be read', () => {
    const settings = settingsWithFile(`1 ${KEY}\n`);
    if (isRoot) chmodSync(dirname(settings.masterKeyFile), 0o755);
    else chmodSync(settings.masterKeyFile, 0o200);
    expect(asUser(() => refusalOf(settings))).toMatch(/cannot read .* \(EACCES\)/);
  });

  it('is refused when it cannot be made', () => {
    const settings = newSettings();
    if (!isRoot) chmodSync(dirname(dirname(settings.masterKeyFile)), 0o500);
    expect(asUser(() => refusalOf(settings))).toMatch(/cannot create .* \(EACCES\)/);
  });

  it('is not made again when a vault exists that needs the lost one', () => {
    const settings = newSettings();
    mkdirSync(settings.dataDirectory);
    writeFileSync(join(settings.dataDirectory, 'vault.sqlite'), '');
    expect(refusalOf(settings)).toMatch(/is missing, and a vault that needs it exists/);
    expect(readdirSync(dirname(settings.dataDirectory))).toEqual(['data']);
  });
});
