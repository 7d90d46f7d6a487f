import { randomBytes } from 'node:crypto';
import { HttpServer } from '../support/http-server.js';
import { newServerStore, type ServerStore } from '../support/server-store.js';

/** Settings that all nodes of a ledger share: they are one issuer, and have one master key. */
export function sharedSettings(): Record<string, string> {
  return {
    TOKEN_LEDGER_ISSUER: 'https://as.example',
    TOKEN_LEDGER_MASTER_KEY: randomBytes(32).toString('base64url'),
  };
}

/** Two servers that share a ledger and a vault, each with a data directory of its own. */
export interface HttpNodes {
  readonly one: HttpServer;
  readonly other: HttpServer;
  /** Closes both, and verifies what they wrote. */
  close(): Promise<void>;
}

/** Starts two nodes at the same moment on an empty store. */
export async function startNodes(
  environment: Readonly<Record<string, string>> = {},
): Promise<HttpNodes> {
  const store = await newServerStore();
  const settings = { ...sharedSettings(), ...environment };
  const [one, other] = await Promise.all([
    HttpServer.start(settings, kept(store)),
    HttpServer.start(settings, kept(store)),
  ]);
  const close = async (): Promise<void> => {
    try {
      await one.close();
      await other.close();
    } finally {
      await store.remove();
    }
  };
  return { one, other, close };
}

/** A store that outlasts the server that is closed first. */
export function kept({ environment }: ServerStore): ServerStore {
  return { environment, remove: () => Promise.resolve() };
}
