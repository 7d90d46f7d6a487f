import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import type { Settings } from '../config/settings.js';
import { SERVER_LOCK, tryLock } from '../ledger/sqlite/ledger-locks.js';

const addressSchema = z.object({ issuer: z.url(), listening: z.url() });

/** Where a server answers, and the URL that clients know it by. */
export type ServerAddress = z.infer<typeof addressSchema>;

/** Where a server of these settings answers that listens on this port. */
export function addressOf(
  { host, issuer }: Pick<Settings, 'host' | 'issuer'>,
  port: number,
): ServerAddress {
  return { issuer, listening: `http://${host.includes(':') ? `[${host}]` : host}:${port}` };
}

/**
 * Tells those who come to the data directory where its server answers: its settings may have come from
 * a shell that they do not have. Where that cannot be written, it stays untold.
 */
export function publishAddress(dataDirectory: string, address: ServerAddress): void {
  withdrawAddress(dataDirectory);
  try {
    writeFileSync(fileIn(dataDirectory), `${JSON.stringify(address)}\n`, { mode: 0o600 });
  } catch {
    // Such as on a full disk, which is no reason not to serve.
  }
}

/** Takes back what was published, if anything was. */
export function withdrawAddress(dataDirectory: string): void {
  try {
    rmSync(fileIn(dataDirectory), { force: true });
  } catch {
    // What stays is believed no more once the server is gone.
  }
}

/** Where the server of a data directory answers; undefined when none runs, or none has said so. */
export function publishedAddress(dataDirectory: string): ServerAddress | undefined {
  try {
    const address = addressSchema.parse(JSON.parse(readFileSync(fileIn(dataDirectory), 'utf8')));
    return isServed(dataDirectory) ? address : undefined;
  } catch {
    // Without it the settings count, as they do while no server runs.
    return undefined;
  }
}

/** What a server that was killed has left is no word of one that runs: that one has the lock. */
function isServed(dataDirectory: string): boolean {
  const release = tryLock(join(dataDirectory, SERVER_LOCK));
  release?.();
  return release === undefined;
}

function fileIn(dataDirectory: string): string {
  return join(dataDirectory, 'server.json');
}
