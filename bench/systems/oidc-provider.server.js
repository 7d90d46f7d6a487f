/**
 * oidc-provider in a process of its own, in memory, on an SQLite file in the working directory or on
 * the PostgreSQL of a URL.
 */
import { exportJWK, generateKeyPair } from 'jose';
import { Provider } from 'oidc-provider';
import { RESOURCE } from './authorization.js';
import { createMapAdapter } from './map-adapter.js';
import { createPostgresAdapter } from './postgres-adapter.js';
import { listen, served, wanted } from './served.js';
import { createSqliteAdapter } from './sqlite-adapter.js';

const CLIENT_ID = 'bench';
const SERVICE_ID = 'bench-service';
const SERVICE_SECRET = 'not a secret: it serves one benchmark';
const ACCOUNT_ID = 'bench-account';
/** JWT access tokens cannot be introspected: oidc-provider does not keep them. */
const OPAQUE_RESOURCE = 'https://opaque.example.com';
const DAY_SECONDS = 86_400;

const { server, origin } = await listen();
const provider = new Provider(origin, await configuration());
provider.on('server_error', (_context, error) => console.error(error));
const handle = provider.callback();
server.on('request', (request, response) => void handle(request, response));

const client = await provider.Client.find(CLIENT_ID);
if (client === undefined) throw new Error('the client is missing');
const resourceServer = new provider.ResourceServer(OPAQUE_RESOURCE, resource(OPAQUE_RESOURCE));
const authorization = `Basic ${btoa(`${SERVICE_ID}:${encodeURIComponent(SERVICE_SECRET)}`)}`;
served({
  families: {
    endpoint: `${origin}/token`,
    clientId: CLIENT_ID,
    refreshTokens: await several(wanted.families, newFamily),
  },
  service: {
    introspections: {
      endpoint: `${origin}/token/introspection`,
      authorization,
      accessTokens: await several(wanted.accessTokens, newAccessToken),
    },
    clientCredentials: {
      endpoint: `${origin}/token`,
      authorization,
      form: new URLSearchParams({
        grant_type: 'client_credentials',
        scope: 'api',
        resource: RESOURCE,
      }).toString(),
    },
  },
});

async function adapter() {
  if (wanted.store === 'memory') return createMapAdapter();
  if (wanted.store === 'sqlite') return createSqliteAdapter('oidc-provider.sqlite');
  return createPostgresAdapter(wanted.store);
}

/** @returns {Promise<import('oidc-provider').Configuration>} */
async function configuration() {
  const { privateKey } = await generateKeyPair('ES256', { extractable: true });
  return {
    adapter: await adapter(),
    clients: [
      {
        client_id: CLIENT_ID,
        token_endpoint_auth_method: 'none',
        grant_types: ['authorization_code', 'refresh_token'],
        redirect_uris: ['http://127.0.0.1/callback'],
        application_type: 'native',
        id_token_signed_response_alg: 'ES256',
      },
      {
        client_id: SERVICE_ID,
        client_secret: SERVICE_SECRET,
        token_endpoint_auth_method: 'client_secret_basic',
        grant_types: ['client_credentials'],
        redirect_uris: [],
        response_types: [],
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
      clientCredentials: { enabled: true },
      devInteractions: { enabled: false },
      introspection: { enabled: true },
      resourceIndicators: {
        enabled: true,
        useGrantedResource: () => true,
        getResourceServerInfo: (_context, identifier) => resource(identifier),
      },
    },
  };
}

/**
 * @param {string} identifier
 * @returns {import('oidc-provider').ResourceServer}
 */
function resource(identifier) {
  return {
    scope: 'api',
    audience: identifier,
    accessTokenFormat: identifier === OPAQUE_RESOURCE ? 'opaque' : 'jwt',
    accessTokenTTL: 600,
    jwt: { sign: { alg: 'ES256' } },
  };
}

/**
 * One after the other.
 * @param {number} count
 * @param {() => Promise<string>} make
 */
async function several(count, make) {
  const made = [];
  for (let index = 0; index < count; index += 1) made.push(await make());
  return made;
}

/** Makes a grant and its first refresh token, as a code exchange would. */
async function newFamily() {
  const refreshToken = new provider.RefreshToken({
    client,
    accountId: ACCOUNT_ID,
    grantId: await newGrant(RESOURCE),
    gty: 'authorization_code',
    scope: 'offline_access api',
    resource: RESOURCE,
    authTime: Math.floor(Date.now() / 1000),
    rotations: 0,
  });
  return refreshToken.save();
}

/** Makes a grant and its first access token. */
async function newAccessToken() {
  const accessToken = new provider.AccessToken({
    client,
    accountId: ACCOUNT_ID,
    grantId: await newGrant(OPAQUE_RESOURCE),
    gty: 'authorization_code',
    scope: 'api',
  });
  accessToken.resourceServer = resourceServer;
  return accessToken.save();
}

/** @param {string} identifier of the resource */
async function newGrant(identifier) {
  const grant = new provider.Grant({ accountId: ACCOUNT_ID, clientId: CLIENT_ID });
  grant.addOIDCScope('offline_access');
  grant.addResourceScope(identifier, 'api');
  return grant.save();
}
