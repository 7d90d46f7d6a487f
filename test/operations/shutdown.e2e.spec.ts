import { mkdtempSync, rmSync } from 'node:fs';
import { Agent, request as httpRequest } from 'node:http';
import { connect, type Socket } from 'node:net';
import { once } from 'node:events';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { readSettings } from '../../src/config/settings.js';
import { type SeededFamilies, seedFamilies } from '../support/seeded-families.js';
import { freePort } from '../support/postgres-server.js';
import { type ServerProcess, startServerProcess } from '../support/server-process.js';
import {
  changeTables,
  newServerStore,
  problemsIn,
  type ServerStore,
  storedEvents,
} from '../support/server-store.js';

const TIMEOUT = 40_000;

let directory: string;
let port: number;
let server: ServerProcess;
let families: SeededFamilies;
let store: ServerStore;
let environment: Record<string, string>;
/** Whether a test damaged the ledger on purpose. */
let isDamaged: boolean;

beforeEach(async () => {
  isDamaged = false;
  directory = mkdtempSync(join(tmpdir(), 'token-ledger-stop-'));
  port = await freePort();
  store = await newServerStore();
  environment = {
    ...store.environment,
    PORT: String(port),
    TOKEN_LEDGER_DATA_DIR: join(directory, 'data'),
    TOKEN_LEDGER_MASTER_KEY_FILE: join(directory, 'keys/master.key'),
  };
  families = await seedFamilies(readSettings(environment), 2);
  server = await startServerProcess(environment, `http://localhost:${port}`);
}, TIMEOUT);

afterEach(async () => {
  if (server.process.exitCode === null && server.process.signalCode === null) await server.kill();
  const problems = await problemsIn(readSettings(environment));
  await store.remove();
  rmSync(directory, { recursive: true, force: true });
  expect(problems.length > 0).toBe(isDamaged);
});

/** A refresh whose last bytes are not sent yet: the server has the request and waits. */
async function begunRefresh(host: string, refreshToken: string | undefined) {
  const body = new URLSearchParams({
    grant_type: 'refresh_token',
    client_id: families.clientId,
    refresh_token: refreshToken ?? '',
  }).toString();
  const socket = await opened(host);
  socket.write(
    'POST /oauth/token HTTP/1.1\r\nHost: localhost\r\nConnection: keep-alive\r\n' +
      'Content-Type: application/x-www-form-urlencoded\r\n' +
      `Content-Length: ${body.length}\r\n\r\n${body.slice(0, -5)}`,
  );
  let answer = '';
  socket.on('data', (chunk: Buffer) => (answer += chunk.toString()));
  const closed = once(socket, 'close');
  return {
    finish: () => socket.write(body.slice(-5)),
    answer: async () => {
      await closed;
      return answer;
    },
  };
}

async function opened(host: string): Promise<Socket> {
  const socket = connect(port, host);
  socket.on('error', () => undefined);
  await once(socket, 'connect');
  return socket;
}

async function isReachable(host: string): Promise<boolean> {
  try {
    (await opened(host)).destroy();
    return true;
  } catch {
    return false;
  }
}

async function addresses(): Promise<string[]> {
  const found: string[] = [];
  for (const host of ['127.0.0.1', '::1']) if (await isReachable(host)) found.push(host);
  return found;
}

/** Makes the states of every stream of a kind unreadable, as another process can. */
async function spoilStates(kind: string, streams: number): Promise<void> {
  const statement = `UPDATE streams SET state = 'nonsense' WHERE kind = '${kind}'`;
  expect(await changeTables(readSettings(environment), statement)).toBe(streams);
}

const soon = (milliseconds: number) => new Promise((resolve) => setTimeout(resolve, milliseconds));

describe('SIGTERM', () => {
  it(
    'finishes the requests that run, on every address, and takes no new ones',
    async () => {
      const hosts = await addresses();
      expect(hosts).toContain('127.0.0.1');
      const running = await Promise.all(
        hosts.map((host, index) => begunRefresh(host, families.refreshTokens[index])),
      );
      await soon(200);
      const stopped = server.stop();
      await soon(300);
      expect(server.process.exitCode).toBeNull();
      for (const host of hosts) expect([host, await isReachable(host)]).toEqual([host, false]);
      for (const refresh of running) refresh.finish();
      for (const refresh of running) {
        const answer = await refresh.answer();
        expect(answer).toMatch(/^HTTP\/1\.1 200 OK/);
        expect(answer).toContain('"refresh_token":"tlr_');
      }
      expect(await stopped).toBe(0);
      const rotations = await storedEvents(readSettings(environment), 'RefreshTokenRotated');
      expect(rotations).toHaveLength(hosts.length);
    },
    TIMEOUT,
  );

  it(
    'is not held up by connections that nobody uses',
    async () => {
      const agent = new Agent({ keepAlive: true });
      await new Promise<void>((resolve, reject) => {
        const url = `http://127.0.0.1:${port}/health/live`;
        const request = httpRequest(url, { agent }, (response) => {
          response.resume().once('end', resolve);
        });
        request.once('error', reject).end();
      });
      const unused = await opened('127.0.0.1');
      const startedAt = Date.now();
      expect(await server.stop()).toBe(0);
      expect(Date.now() - startedAt).toBeLessThan(2500);
      unused.destroy();
      agent.destroy();
    },
    TIMEOUT,
  );

  it(
    'cuts off what is not finished after eight seconds, and is gone within ten',
    async () => {
      const running = await begunRefresh('127.0.0.1', families.refreshTokens[0]);
      await soon(200);
      const startedAt = Date.now();
      expect(await server.stop()).toBe(0);
      const took = Date.now() - startedAt;
      expect(took).toBeGreaterThan(7500);
      expect(took).toBeLessThan(10_500);
      expect(await running.answer()).toBe('');
    },
    TIMEOUT,
  );

  it(
    'ends the process at once when it comes a second time',
    async () => {
      await begunRefresh('127.0.0.1', families.refreshTokens[0]);
      await soon(200);
      const stopped = server.stop();
      await soon(300);
      const startedAt = Date.now();
      server.process.kill('SIGTERM');
      expect(await stopped).toBe(143);
      expect(Date.now() - startedAt).toBeLessThan(1000);
    },
    TIMEOUT,
  );
});

describe('SIGINT', () => {
  it(
    'stops the server like SIGTERM',
    async () => {
      const exited = once(server.process, 'exit');
      server.process.kill('SIGINT');
      expect((await exited)[0]).toBe(0);
    },
    TIMEOUT,
  );
});

describe('a ledger that was changed behind the server', () => {
  it(
    'stops the server when it finds out, and nothing is answered from it',
    async () => {
      isDamaged = true;
      await spoilStates('family', 2);
      const exited = once(server.process, 'exit');
      const refresh = await begunRefresh('127.0.0.1', families.refreshTokens[0]);
      refresh.finish();
      expect((await exited)[0]).toBe(1);
      const answer = await refresh.answer();
      expect(answer).toMatch(/^HTTP\/1\.1 50[03] /);
      expect(answer).not.toContain('tlr_');
    },
    TIMEOUT,
  );

  it(
    'stops the server also when it only reads',
    async () => {
      isDamaged = true;
      await spoilStates('signing_key', 1);
      const exited = once(server.process, 'exit');
      // A key that is not known is looked for in the ledger.
      const header = Buffer.from('{"alg":"ES256","kid":"unknown","typ":"at+jwt"}');
      const authorization = `Bearer ${header.toString('base64url')}.e30.AA`;
      const userinfo = `http://127.0.0.1:${port}/oauth/userinfo`;
      const asked = fetch(userinfo, { headers: { authorization } }).catch(() => undefined);
      expect((await exited)[0]).toBe(1);
      await asked;
    },
    TIMEOUT,
  );
});
