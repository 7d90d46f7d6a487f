import type { RecordedEvent } from '../../src/domain/envelope.js';
import { presetRegistration } from '../../src/directory/client-registration.js';
import { Ledger } from '../../src/ledger/ledger.port.js';
import { type Answer, answerOf, basic, claimsOf, post, type Tokens } from '../support/http-flow.js';
import type { HttpServer, TestClient } from '../support/http-server.js';
import { changeTables } from '../support/server-store.js';

/** An access token that a client gets for itself. */
export async function clientToken(
  server: HttpServer,
  client: TestClient,
  fields: Readonly<Record<string, string>> = {},
): Promise<string> {
  const { status, text, body } = await post<{ access_token: string }>(
    server,
    '/oauth/token',
    { grant_type: 'client_credentials', ...fields },
    basic(client),
  );
  if (status !== 200) throw new Error(`${status} ${text}`);
  return body.access_token;
}

/** Reads a path as the holder of an access token. */
export async function read<Body = Record<string, unknown>>(
  server: HttpServer,
  path: string,
  token: string | undefined,
  headers: Readonly<Record<string, string>> = {},
): Promise<Answer<Body>> {
  const authorization = token === undefined ? {} : { authorization: `Bearer ${token}` };
  return answerOf<Body>(await server.fetch(path, { headers: { ...authorization, ...headers } }));
}

/** Every event that the ledger has. */
export async function wholeLedger(server: HttpServer): Promise<readonly RecordedEvent[]> {
  const ledger = server.get(Ledger);
  const all: RecordedEvent[] = [];
  for (let after: number | null = null; ;) {
    const { events, next } = await ledger.eventsAfter(after, 1000);
    all.push(...events);
    if (next === null) return all;
    after = next;
  }
}

/** Erases the origin of an event, as another process beside the server. */
export async function eraseOrigin(server: HttpServer, position: number): Promise<void> {
  await changeTables(server.settings, `DELETE FROM origins WHERE position = ${position}`);
}

/** The family that tokens are of. */
export function familyOf(tokens: Tokens): string {
  return String(claimsOf(tokens.access_token)['jti']).slice(0, 32);
}

/** The rows of comma-separated values, header first (RFC 4180). */
export function csvRows(text: string): string[][] {
  const rows: string[][] = [];
  let row: string[] = [];
  for (const [, quoted, plain = '', end] of text.matchAll(
    /(?:"((?:[^"]|"")*)"|([^",\r\n]*))(,|\r\n)/g,
  )) {
    row.push(quoted === undefined ? plain : quoted.replaceAll('""', '"'));
    if (end === ',') continue;
    rows.push(row);
    row = [];
  }
  return rows;
}

/** Posts JSON to a path as the holder of an access token. */
export async function send<Body = Record<string, unknown>>(
  server: HttpServer,
  path: string,
  token: string | undefined,
  body: unknown,
  headers: Readonly<Record<string, string>> = {},
): Promise<Answer<Body>> {
  const authorization = token === undefined ? {} : { authorization: `Bearer ${token}` };
  const response = await server.fetch(path, {
    method: 'POST',
    body: JSON.stringify(body),
    headers: { ...authorization, 'content-type': 'application/json', ...headers },
  });
  return answerOf<Body>(response);
}

/** An access token that may administer. */
export async function adminToken(server: HttpServer): Promise<string> {
  const registration = presetRegistration('machine', { scope: 'reports' });
  const client = await server.registerWith({
    ...registration,
    firstParty: true,
    operatorScopes: ['admin'],
  });
  const resource = `${server.issuer}/admin`;
  return clientToken(server, client, { scope: 'admin', resource });
}
