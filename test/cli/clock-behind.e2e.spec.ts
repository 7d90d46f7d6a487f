import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { readSettings } from '../../src/config/settings.js';
import { count } from '../support/ledger-executions.js';
import { openWithClock } from '../support/server-store.js';
import {
  endProcesses,
  runBuilt,
  settingsIn,
  startBuilt,
  temporaryDirectories,
  useBuild,
} from './built-processes.js';

useBuild();
const newDirectory = temporaryDirectories();
afterAll(endProcesses);

const REFUSAL =
  /^error: the clock is 3,\d{3} s behind the last event of the ledger \(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ\): set the clock, or wait until it has caught up\n$/;

/** A directory whose ledger holds an event of an hour from now. */
let directory: string;
let environment: Record<string, string>;

beforeAll(async () => {
  directory = newDirectory();
  environment = await settingsIn(directory);
  await (await startBuilt({ directory, environment })).stop();
  const ahead = await openWithClock(readSettings(environment), () => Date.now() + 3_600_000);
  await count(ahead, 'admin');
  await ahead.close();
});

describe('on a ledger that is an hour ahead of the clock', () => {
  it.each([
    ['a server', 'main.js', []],
    ['a server of the command line', 'cli.js', ['serve']],
    ['a verb that writes', 'cli.js', ['client', 'create', '--preset', 'machine', '--name', 'x']],
  ] as const)('%s is refused in one line', async (_what, program, words) => {
    const ended = await runBuilt(program, words, { directory, environment });
    expect(ended).toEqual({ code: 1, stdout: '', stderr: expect.stringMatching(REFUSAL) });
  });

  it.each([
    ['a verb that reads', ['client', 'list', '--json']],
    ['a verification', ['verify', '--json']],
  ])('%s works', async (_what, words) => {
    const { code, stderr } = await runBuilt('cli.js', words, { directory, environment });
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  });
});
