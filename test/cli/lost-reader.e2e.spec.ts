import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { resolve } from 'node:path';
import { afterEach, describe, expect, it } from '@jest/globals';
import { freePort } from '../support/postgres-server.js';
import { temporaryDirectories, useBuild } from './built-processes.js';

useBuild();
const newDirectory = temporaryDirectories();
const MAIN = resolve(import.meta.dirname, '../../dist/main.js');
/** More lines, each of some 200 bytes, than any pipe takes. */
const REQUESTS = 2000;

let server: ChildProcess | undefined;
afterEach(() => {
  server?.kill('SIGKILL');
});

interface Started {
  readonly child: ChildProcess;
  readonly issuer: string;
}

/** A server, once it has said where it listens; at `debug` it logs every request. */
async function startedServer(level: 'debug' | 'info'): Promise<Started> {
  const port = await freePort();
  const child = spawn(process.execPath, [MAIN], {
    cwd: newDirectory(),
    env: {
      PATH: process.env['PATH'] ?? '',
      PORT: String(port),
      TOKEN_LEDGER_LOG_LEVEL: level,
    },
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  server = child;
  let said = '';
  while (!said.includes('Listening')) {
    const [chunk] = (await once(child.stdout, 'data')) as [Buffer];
    said += chunk.toString();
  }
  return { child, issuer: `http://localhost:${port}` };
}

/** Asks so often, and answers with every status there was. */
async function statusesOf(issuer: string, requests: number): Promise<number[]> {
  const statuses = new Set<number>();
  for (let request = 0; request < requests; request += 1) {
    const response = await fetch(`${issuer}/health/live`);
    await response.arrayBuffer();
    statuses.add(response.status);
  }
  return [...statuses];
}

async function exitCodeAfterSigterm(child: ChildProcess): Promise<number | null> {
  const exited = once(child, 'exit') as Promise<[number | null]>;
  child.kill('SIGTERM');
  return (await exited)[0];
}

describe('a server whose output nobody reads any more', () => {
  it.each(['debug', 'info'] as const)(
    'goes on without its reader, at %s, and ends when told to',
    async (level) => {
      const { child, issuer } = await startedServer(level);
      child.stdout?.destroy();
      expect(await statusesOf(issuer, 50)).toEqual([200]);
      expect(await exitCodeAfterSigterm(child)).toBe(0);
    },
  );

  it('goes on with a reader that stands still, and ends when told to', async () => {
    const { child, issuer } = await startedServer('debug');
    child.stdout?.pause();
    expect(await statusesOf(issuer, REQUESTS)).toEqual([200]);
    expect(await exitCodeAfterSigterm(child)).toBe(0);
  });
});
