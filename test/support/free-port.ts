import { randomInt } from 'node:crypto';
import { once } from 'node:events';
import { createServer } from 'node:net';

/** Ports below those that the system gives to whoever connects: one that is free now stays free for us. */
const [FIRST_PORT, END_PORT] = [10_240, 32_768];

/** As many workers of Jest have ports of their own; more of them share. */
const WORKERS = 32;
const WORKER_PORTS = Math.floor((END_PORT - FIRST_PORT) / WORKERS);
const firstOfWorker =
  FIRST_PORT + (Number(process.env['JEST_WORKER_ID'] ?? 0) % WORKERS) * WORKER_PORTS;

let nextPort = randomInt(WORKER_PORTS);

/**
 * A port of 127.0.0.1 that nobody listens on. No other worker is given it, nor this test file again, so
 * that it can be listened on later.
 */
export async function freePort(): Promise<number> {
  for (;;) {
    const port = firstOfWorker + (nextPort++ % WORKER_PORTS);
    if (await isFree(port)) return port;
  }
}

async function isFree(port: number): Promise<boolean> {
  const server = createServer();
  try {
    server.listen(port, '127.0.0.1');
    await once(server, 'listening');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EADDRINUSE') return false;
    throw error;
  }
  server.close();
  await once(server, 'close');
  return true;
}
