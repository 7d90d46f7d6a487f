import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import {
  type BuiltServer,
  type Ended,
  endProcesses,
  runBuilt,
  startBuilt,
  useBuild,
} from '../cli/built-processes.js';
import { newServerStore, type ServerStore } from '../support/server-store.js';
import { sharedSettings } from './http-nodes.js';
import { type NodePlace, nodePlaces } from './node-places.js';

useBuild();
const newPlace = nodePlaces();
afterAll(endProcesses);

const shared = sharedSettings();
let store: ServerStore;
let first: BuiltServer;

beforeAll(async () => {
  store = await newServerStore();
  first = await startBuilt(await anotherNode());
});
afterAll(() => first.stop());

/** A node in a directory of its own, told the same as the first one but for what is said here. */
function anotherNode(otherwise: Readonly<Record<string, string>> = {}): Promise<NodePlace> {
  return newPlace(store, { ...shared, ...otherwise });
}

/** Tries to start one that is told something else, and waits until it has ended. */
async function refusedStart(otherwise: Readonly<Record<string, string>>): Promise<Ended> {
  return runBuilt('main.js', [], await anotherNode(otherwise));
}

const OTHERWISE: Readonly<Record<string, string>> = {
  TOKEN_LEDGER_ISSUER: 'https://other.example',
  TOKEN_LEDGER_REGISTRATION: 'open',
  TOKEN_LEDGER_INITIAL_ACCESS_TOKEN: 'another-initial-access-token',
  TOKEN_LEDGER_RESOURCES: 'https://api.example',
  TOKEN_LEDGER_ACCESS_TOKEN_SECONDS: '300',
  TOKEN_LEDGER_REFRESH_IDLE_SECONDS: '3600',
  TOKEN_LEDGER_REFRESH_ABSOLUTE_SECONDS: '86400',
  TOKEN_LEDGER_SESSION_SECONDS: '3600',
  TOKEN_LEDGER_CODE_SECONDS: '30',
  TOKEN_LEDGER_RETRY_WINDOW_SECONDS: '5',
  TOKEN_LEDGER_SEAL_SECONDS: '2',
  TOKEN_LEDGER_PUBLIC_CHECKPOINTS: 'true',
};

describe('another node', () => {
  it('that was told something else is refused in one line that names the setting', async () => {
    expect(await refusedStart({ TOKEN_LEDGER_RETRY_WINDOW_SECONDS: '5' })).toEqual({
      code: 1,
      stdout: '',
      stderr:
        'error: another node of this ledger has another TOKEN_LEDGER_RETRY_WINDOW_SECONDS: ' +
        'nodes must be told the same\n',
    });
    const { stderr } = await refusedStart(OTHERWISE);
    expect(stderr).not.toContain(OTHERWISE['TOKEN_LEDGER_INITIAL_ACCESS_TOKEN']);
    expect(stderr).toBe(
      `error: another node of this ledger has another ${Object.keys(OTHERWISE).join(', ')}: ` +
        'nodes must be told the same\n',
    );
  });

  it('that has another master key is refused in one line, and changes nothing', async () => {
    const { TOKEN_LEDGER_MASTER_KEY: key = '' } = sharedSettings();
    const { code, stdout, stderr } = await refusedStart({ TOKEN_LEDGER_MASTER_KEY: key });
    expect({ code, stdout }).toEqual({ code: 1, stdout: '' });
    expect(stderr).toMatch(/^error: [^\n]*master key[^\n]*\n$/);
    expect(stderr).not.toContain(key);
  });

  it('that has no master key is refused, and makes none', async () => {
    const node = await anotherNode({ TOKEN_LEDGER_MASTER_KEY: '' });
    const { code, stderr } = await runBuilt('main.js', [], node);
    expect(code).toBe(1);
    expect(stderr).toMatch(/^error: [^\n]*master key[^\n]*\n$/);
    expect(existsSync(join(node.directory, 'keys/master.key'))).toBe(false);
  });

  it('that was told the same starts, and shows no sign-in', async () => {
    const second = await startBuilt(await anotherNode());
    expect(second.said.stdout).not.toContain('First start');
    await second.stop();
  });

  it('may be told something else once the first one is gone', async () => {
    await first.stop();
    first = await startBuilt(await anotherNode({ TOKEN_LEDGER_RETRY_WINDOW_SECONDS: '5' }));
  });
});
