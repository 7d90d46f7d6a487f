import { createHash } from 'node:crypto';
import { newUuid, randomToken } from '../../src/config/random-identifiers.js';
import { DirectoryReader } from '../../src/directory/directory.reader.js';
import { familyPolicyFor } from '../../src/domain/directory/family-policy.rules.js';
import type { RecordedEvent } from '../../src/domain/envelope.js';
import { IssueGrant } from '../../src/grants/issue-grant.command.js';
import { Ledger } from '../../src/ledger/ledger.port.js';
import type { HttpServer, TestAccount, TestClient } from './http-server.js';
import { codeOf, liveSession } from './live-session.js';

/** A PKCE pair (RFC 7636, 4.1 and 4.2). */
export interface Pkce {
  readonly verifier: string;
  readonly challenge: string;
}

/** Makes a PKCE pair. */
export function newPkce(): Pkce {
  const verifier = randomToken(48);
  return { verifier, challenge: s256(verifier) };
}

/** The S256 challenge of a verifier. */
export function s256(verifier: string): string {
  return createHash('sha256').update(verifier).digest('base64url');
}

/** A successful answer of the token endpoint. */
export interface Tokens {
  readonly access_token: string;
  readonly refresh_token: string;
  readonly refresh_token_expires_in: number;
  readonly expires_in: number;
  readonly id_token: string;
  readonly scope: string;
  readonly token_type: string;
}

/** An answer of an OAuth endpoint: its JSON, or else what stands instead. */
export interface Answer<Body = Record<string, unknown>> {
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
  readonly body: Body;
}

/** Parameters of a request; undefined ones are left out. */
export type Fields = Readonly<Record<string, string | undefined>>;

/** The path of an authorization request of this client, with PKCE. */
export function authorizePath(client: TestClient, pkce: Pkce, more: Fields = {}): string {
  return `/oauth/authorize?${query({
    response_type: 'code',
    client_id: client.clientId,
    redirect_uri: client.redirectUri,
    scope: 'openid offline_access',
    code_challenge: pkce.challenge,
    code_challenge_method: 'S256',
    ...more,
  })}`;
}

/** Fields as a query or form. */
export function query(fields: Fields): string {
  const present = Object.entries(fields).filter((pair): pair is [string, string] => {
    return pair[1] !== undefined;
  });
  return new URLSearchParams(present).toString();
}

/** Posts a form to an OAuth endpoint. */
export async function post<Body = Record<string, unknown>>(
  server: HttpServer,
  path: string,
  fields: Fields | string,
  headers: Readonly<Record<string, string>> = {},
): Promise<Answer<Body>> {
  const body = typeof fields === 'string' ? fields : query(fields);
  const response = await server.fetch(path, {
    method: 'POST',
    body,
    headers: { 'content-type': 'application/x-www-form-urlencoded', ...headers },
  });
  return answerOf<Body>(response);
}

/** Reads an answer. */
export async function answerOf<Body>(response: Response): Promise<Answer<Body>> {
  const text = await response.text();
  const { status, headers } = response;
  return { status, headers, text, body: jsonOf(text) as Body };
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** What a client proves itself with: in the header, in the form, or its id alone. */
export function basic({ clientId, clientSecret }: TestClient): Record<string, string> {
  const pair = `${encodeURIComponent(clientId)}:${encodeURIComponent(clientSecret ?? '')}`;
  return { authorization: `Basic ${Buffer.from(pair).toString('base64')}` };
}

/** What a grant is for. */
export interface GrantTerms {
  readonly scope?: readonly string[];
  readonly resources?: readonly string[];
  readonly sessionId?: string;
}

/** A code that was granted, and what redeems it. */
export interface GrantedCode {
  readonly code: string;
  readonly pkce: Pkce;
}

/** Grants a code without a browser, as the authorization endpoint would. */
export async function grantCode(
  server: HttpServer,
  client: TestClient,
  account: TestAccount,
  { scope = ['offline_access', 'openid'], resources = [], sessionId }: GrantTerms = {},
): Promise<GrantedCode> {
  const state = await server.get(DirectoryReader).client(client.clientId);
  if (state === undefined) throw new Error('unknown client');
  const pkce = newPkce();
  const now = Date.now();
  const { policy, absoluteLifetime } = familyPolicyFor(state, server.settings);
  const granted = await server.execute(
    new IssueGrant(
      {
        caller: { clientId: client.clientId, authMethod: state.metadata.authMethod },
        subject: account.subject,
        sessionId: sessionId ?? (await liveSession(server.get(Ledger), account.subject)),
        scope,
        resources,
        authTime: now,
        amr: ['pwd'],
        policy,
        absoluteLifetime,
        codeLifetime: server.settings.codeLifetime,
        code: { redirectUri: client.redirectUri, codeChallenge: pkce.challenge },
      },
      { receivedAt: now, correlationId: newUuid(), origin: undefined },
    ),
  );
  return { code: codeOf(granted), pkce };
}

/** The fields that redeem a code of a public client. */
export function redemption(client: TestClient, { code, pkce }: GrantedCode): Fields {
  return {
    grant_type: 'authorization_code',
    client_id: client.clientId,
    redirect_uri: client.redirectUri,
    code,
    code_verifier: pkce.verifier,
  };
}

/** A family of a public client, with its first tokens. Throws an Error when there are none. */
export async function beginFamily(
  server: HttpServer,
  client: TestClient,
  account: TestAccount,
  terms: GrantTerms = {},
): Promise<Tokens> {
  const granted = await grantCode(server, client, account, terms);
  const { status, text, body } = await post<Tokens>(
    server,
    '/oauth/token',
    redemption(client, granted),
  );
  if (status !== 200) throw new Error(`${status} ${text}`);
  return body;
}

/** Presents a refresh token of a public client. */
export function refresh(
  server: HttpServer,
  client: TestClient,
  refreshToken: string,
  more: Fields = {},
): Promise<Answer<Tokens & { readonly error?: string }>> {
  return post(server, '/oauth/token', {
    grant_type: 'refresh_token',
    client_id: client.clientId,
    refresh_token: refreshToken,
    ...more,
  });
}

/** The types of events, each with its cause, reason or kind. */
export function traceOf(events: readonly RecordedEvent[]): string[] {
  return events.map(
    ({ type, data }) => `${type} ${String(data.cause ?? data.reason ?? data.kind)}`,
  );
}

/** The claims of a JWT, unverified. */
export function claimsOf(jwt: string): Record<string, unknown> {
  const [, payload = ''] = jwt.split('.');
  return JSON.parse(Buffer.from(payload, 'base64url').toString()) as Record<string, unknown>;
}
