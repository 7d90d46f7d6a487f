import { afterAll, beforeAll } from '@jest/globals';
import { type PostgresServer, startPostgres } from './postgres-server.js';

/** Starts one PostgreSQL for all tests of a file, and ends it after them. */
export function usePostgres(settings: Readonly<Record<string, string>> = {}): () => PostgresServer {
  let server: PostgresServer | undefined;
  beforeAll(async () => {
    server = await startPostgres(settings);
  }, 60_000);
  afterAll(async () => {
    await server?.remove();
  });
  return () => {
    if (server === undefined) throw new Error('PostgreSQL has not been started');
    return server;
  };
}
