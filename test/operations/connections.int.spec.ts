import { once } from 'node:events';
import { Agent, get, type RequestListener, type Server, type ServerResponse } from 'node:http';
import { type AddressInfo, connect } from 'node:net';
import { beforeEach, describe, expect, it } from '@jest/globals';
import { Connections } from '../../src/cli/connections.js';

let connections: Connections;
let servers: readonly Server[];
/** Requests that came, to be answered by the test. */
let running: ServerResponse[];

beforeEach(async () => {
  connections = new Connections();
  running = [];
  const listener: RequestListener = (_request, response) => void running.push(response);
  servers = [connections.serve(listener), connections.serve(listener)];
  for (const server of servers) {
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
  }
});

function portOf(index: number): number {
  return ((servers[index] as Server).address() as AddressInfo).port;
}

/** Sends a request, and waits until the server has it. */
async function begun(index: number, agent?: Agent): Promise<{ readonly answer: Promise<string> }> {
  const before = running.length;
  const answer = new Promise<string>((resolve) => {
    const request = get({ port: portOf(index), host: '127.0.0.1', agent }, (response) => {
      response.resume().once('end', () => resolve(String(response.statusCode)));
    });
    request.on('error', ({ code }: NodeJS.ErrnoException) => resolve(String(code)));
  });
  while (running.length === before) await soon(5);
  return { answer };
}

const soon = (milliseconds: number) => new Promise((resolve) => setTimeout(resolve, milliseconds));

/** Whether a promise is settled within a moment. */
async function isSettled(promise: Promise<unknown>): Promise<boolean> {
  return Promise.race([promise.then(() => true), soon(150).then(() => false)]);
}

describe('the connections of several servers', () => {
  it.each([0, 1])('are finished only when server %i has answered', async (index) => {
    const { answer } = await begun(index);
    const finished = connections.finish();
    expect(await isSettled(finished)).toBe(false);
    running[0]?.end('done');
    await expect(answer).resolves.toBe('200');
    await finished;
    expect(servers.map(({ listening }) => listening)).toEqual([false, false]);
  });

  it('are not waited for when they were kept alive or never used', async () => {
    const agent = new Agent({ keepAlive: true });
    const { answer } = await begun(0, agent);
    const unused = connect(portOf(1), '127.0.0.1');
    await once(unused, 'connect');
    const finished = connections.finish();
    running[0]?.end('done');
    await answer;
    expect(await isSettled(finished)).toBe(true);
    agent.destroy();
    unused.destroy();
  });

  it('are cut on demand', async () => {
    const { answer } = await begun(1);
    const finished = connections.finish();
    connections.cut();
    await expect(answer).resolves.toBe('ECONNRESET');
    await finished;
  });
});
