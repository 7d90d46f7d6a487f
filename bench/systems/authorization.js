// @ts-check
import { createHash, randomBytes } from 'node:crypto';
import { Browser } from './browser.js';

const REDIRECT_URI = 'http://127.0.0.1/callback';
/** The API that the access tokens are for. */
export const RESOURCE = 'https://api.example.com';
const SCOPE = 'offline_access api';

/**
 * Registers a public client and authorizes it `families` times as one user: authorization code with
 * PKCE, one sign-in, a consent each time.
 * @param {object} order
 * @param {string} order.issuer
 * @param {string} order.password the administrator's
 * @param {number} order.families
 * @returns {Promise<import('../load.js').Families>}
 */
export async function authorizeFamilies({ issuer, password, families }) {
  const server = await json(await fetch(`${issuer}/.well-known/openid-configuration`));
  const clientId = await register(server.registration_endpoint);
  const browser = new Browser();
  const answers = { username: 'admin', password, decision: 'allow' };
  const refreshTokens = [];
  for (let index = 0; index < families; index += 1) {
    const verifier = randomBytes(32).toString('base64url');
    const start = authorizationUrl(server.authorization_endpoint, clientId, verifier);
    const back = await browser.goTo(start, { destination: REDIRECT_URI, answers });
    const code = back.searchParams.get('code');
    if (code === null) throw new Error(`no code: ${back.href}`);
    refreshTokens.push(await redeem(server.token_endpoint, { clientId, code, verifier }));
  }
  return { endpoint: server.token_endpoint, clientId, refreshTokens };
}

/**
 * Refreshes families in turn until there are so many access tokens, all of them good. The families
 * then have their newest refresh tokens.
 * @param {import('../load.js').Families} families
 * @param {number} count
 * @returns {Promise<string[]>}
 */
export async function accessTokensOf({ endpoint, clientId, refreshTokens }, count) {
  const accessTokens = [];
  for (let index = 0; index < count; index += 1) {
    const family = index % refreshTokens.length;
    const body = new URLSearchParams({
      grant_type: 'refresh_token',
      client_id: clientId,
      refresh_token: refreshTokens[family] ?? '',
    });
    const answer = await json(await fetch(endpoint, { method: 'POST', body }));
    refreshTokens[family] = answer.refresh_token;
    accessTokens.push(answer.access_token);
  }
  return accessTokens;
}

/** @param {string} endpoint */
async function register(endpoint) {
  const response = await fetch(endpoint, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({
      client_name: 'Benchmark',
      application_type: 'native',
      redirect_uris: [REDIRECT_URI],
      grant_types: ['authorization_code', 'refresh_token'],
      response_types: ['code'],
      token_endpoint_auth_method: 'none',
    }),
  });
  return (await json(response)).client_id;
}

/**
 * @param {string} endpoint
 * @param {string} clientId
 * @param {string} verifier
 */
function authorizationUrl(endpoint, clientId, verifier) {
  const url = new URL(endpoint);
  url.search = new URLSearchParams({
    response_type: 'code',
    client_id: clientId,
    redirect_uri: REDIRECT_URI,
    scope: SCOPE,
    resource: RESOURCE,
    state: randomBytes(8).toString('base64url'),
    code_challenge: createHash('sha256').update(verifier).digest('base64url'),
    code_challenge_method: 'S256',
  }).toString();
  return url;
}

/**
 * Exchanges a code for a refresh token.
 * @param {string} endpoint
 * @param {{ clientId: string, code: string, verifier: string }} order
 * @returns {Promise<string>}
 */
async function redeem(endpoint, { clientId, code, verifier }) {
  const response = await fetch(endpoint, {
    method: 'POST',
    body: new URLSearchParams({
      grant_type: 'authorization_code',
      client_id: clientId,
      code,
      redirect_uri: REDIRECT_URI,
      code_verifier: verifier,
    }),
  });
  return (await json(response)).refresh_token;
}

/**
 * @param {Response} response
 * @returns {Promise<any>}
 */
async function json(response) {
  const text = await response.text();
  if (!response.ok) throw new Error(`HTTP ${response.status} from ${response.url}: ${text}`);
  return JSON.parse(text);
}
