import { execFile } from 'node:child_process';
import { resolve } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, describe, expect, it } from '@jest/globals';
import { databaseName, readSettings } from '../../src/config/settings.js';
import { endProcesses, runBuilt, startBuilt, useBuild } from '../cli/built-processes.js';
import { changeTables, newServerStore, type ServerStore } from '../support/server-store.js';
import { sharedSettings } from './http-nodes.js';
import { type NodePlace, nodePlaces } from './node-places.js';

const ROOT = resolve(import.meta.dirname, '../..');

useBuild();
const newPlace = nodePlaces();
afterAll(endProcesses);

/** What a verb says beside a ledger that it cannot work with. */
async function complaintOf(words: readonly string[], place: NodePlace): Promise<string> {
  const { code, stdout, stderr } = await runBuilt('cli.js', words, place);
  expect({ code, stdout }).toEqual({ code: 1, stdout: '' });
  return stderr;
}

const VERBS = [
  'account list',
  'verify',
  'views status',
  'views rebuild',
  'checkpoint show',
  'recover --yes',
  'replay until 0 --out at.sqlite',
  'backtest --retry-window-seconds 5',
].map((line) => line.split(' '));

/** How many schemas of a name a database has. */
function schemasNamed(name: string, { environment }: NodePlace): Promise<number> {
  return changeTables(
    readSettings(environment),
    `SELECT FROM pg_namespace WHERE nspname = '${name}'`,
  );
}

/** Runs TypeORM's command line on the ledger of a store, as it stands in package.json. */
async function typeorm(store: ServerStore, words: readonly string[]): Promise<string> {
  const environment = { ...process.env, ...store.environment };
  const options = { cwd: ROOT, env: environment };
  const { stdout } = await promisify(execFile)(
    'npm',
    ['run', '--silent', 'typeorm', '--', ...words],
    options,
  );
  return stdout;
}

describe('a database without a ledger', () => {
  it('is refused by every verb in the same line, and stays empty', async () => {
    const place = await newPlace(await newServerStore(), sharedSettings());
    const name = databaseName(place.environment['TOKEN_LEDGER_DATABASE'] ?? '');
    for (const verb of VERBS) {
      expect([verb, await complaintOf(verb, place)]).toEqual([
        verb,
        `error: the database ${name} has no ledger of this version: start the server first\n`,
      ]);
    }
    expect(await schemasNamed('ledger', place)).toBe(0);
  }, 60_000);

  it('is migrated by the same command as a file, and then served', async () => {
    const store = await newServerStore();
    expect(await typeorm(store, ['migration:show'])).toContain('[ ] CreatePostgresLedger');
    await typeorm(store, ['migration:run']);
    expect(await typeorm(store, ['migration:show'])).not.toContain('[ ]');
    const server = await startBuilt(await newPlace(store, sharedSettings()));
    await server.stop();
  }, 120_000);
});

describe('a ledger that a newer version migrated', () => {
  it('is refused by every verb in the same line', async () => {
    const place = await newPlace(await newServerStore(), sharedSettings());
    const server = await startBuilt(place);
    await server.stop();
    const settings = readSettings(place.environment);
    const newer = 'AddThings1999999999999';
    await changeTables(
      settings,
      `INSERT INTO migrations (timestamp, name) VALUES (1999999999999, '${newer}')`,
    );
    const name = databaseName(settings.postgresUrl ?? '');
    for (const verb of VERBS) {
      expect([verb, await complaintOf(verb, place)]).toEqual([
        verb,
        `error: the database ${name} was written by a newer version (${newer}); start that version instead\n`,
      ]);
    }
  }, 60_000);
});
