/**
 * oidc-provider in a process of its own: `node oidc-provider.server.js memory|sqlite FAMILIES`, with
 * the working directory for its file. Sends its parent where it listens and the families that it has
 * made, and ends with it.
 */
import { once } from 'node:events';
import { createServer } from 'node:http';
import { exportJWK, generateKeyPair } from 'jose';
import { Provider } from 'oidc-provider';
import { createMapAdapter } from './map-adapter.js';
import { createSqliteAdapter } from './sqlite-adapter.js';

const CLIENT_ID = 'bench';
const ACCOUNT_ID = 'bench-account';
const RESOURCE = 'https://api.example.com';
const DAY_SECONDS = 86_400;

const [store, families] = process.argv.slice(2);

const server = createServer().listen(0, '127.0.0.1');
await once(server, 'listening');
const { port } = /** @type {import('node:net').AddressInfo} */ (server.address());
const origin = `http://127.0.0.1:${port}`;
const provider = new Provider(origin, await configuration());
provider.on('server_error', (_context, error) => console.error(error));
const handle = provider.callback();
server.on('request', (request, response) => void handle(request, response));

const refreshTokens = [];
for (let index = 0; index < Number(families); index += 1) refreshTokens.push(await newFamily());
process.send?.({ tokenEndpoint: `${origin}/token`, clientId: CLIENT_ID, refreshTokens });

process.on('disconnect', () => process.exit());
process.on('SIGTERM', () => process.exit());

/** @returns {Promise<import('oidc-provider').Configuration>} */
async function configuration() {
  const { privateKey } = await generateKeyPair('ES256', { extractable: true });
  return {
    adapter: store === 'sqlite' ? createSqliteAdapter('oidc-provider.sqlite') : createMapAdapter(),
    clients: [
      {
        client_id: CLIENT_ID,
        token_endpoint_auth_method: 'none',
        grant_types: ['authorization_code', 'refresh_token'],
        redirect_uris: ['http://127.0.0.1/callback'],
        application_type: 'native',
        id_token_signed_response_alg: 'ES256',
      },
    ],
    cookies: { keys: ['not a secret: nobody signs in here'] },
    jwks: { keys: [{ ...(await exportJWK(privateKey)), alg: 'ES256', use: 'sig' }] },
    scopes: ['openid', 'offline_access'],
    findAccount: (_context, accountId) => ({ accountId, claims: () => ({ sub: accountId }) }),
    rotateRefreshToken: true,
    ttl: { AccessToken: 600, Grant: 180 * DAY_SECONDS, RefreshToken: 30 * DAY_SECONDS },
    features: {
      devInteractions: { enabled: false },
      resourceIndicators: {
        enabled: true,
        useGrantedResource: () => true,
        getResourceServerInfo: () => ({
          scope: 'api',
          audience: RESOURCE,
          accessTokenFormat: 'jwt',
          accessTokenTTL: 600,
          jwt: { sign: { alg: 'ES256' } },
        }),
      },
    },
  };
}

/** Makes a grant and its first refresh token, as a code exchange would. */
async function newFamily() {
  const client = await provider.Client.find(CLIENT_ID);
  if (client === undefined) throw new Error('the client is missing');
  const grant = new provider.Grant({ accountId: ACCOUNT_ID, clientId: CLIENT_ID });
  grant.addOIDCScope('offline_access');
  grant.addResourceScope(RESOURCE, 'api');
  const refreshToken = new provider.RefreshToken({
    client,
    accountId: ACCOUNT_ID,
    grantId: await grant.save(),
    gty: 'authorization_code',
    scope: 'offline_access api',
    resource: RESOURCE,
    authTime: Math.floor(Date.now() / 1000),
    rotations: 0,
  });
  return refreshToken.save();
}
