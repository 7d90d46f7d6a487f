/** better-auth with its OAuth provider in a process of its own, on plain node:http. */
import { oauthProvider } from '@better-auth/oauth-provider';
import { betterAuth } from 'better-auth';
import { getMigrations } from 'better-auth/db/migration';
import { toNodeHandler } from 'better-auth/node';
import { jwt } from 'better-auth/plugins';
import { createHash, randomBytes } from 'node:crypto';
import { RESOURCE } from './authorization.js';
import { listen, served, wanted } from './served.js';
import { openDurableSqlite } from './sqlite-file.js';

const CLIENT_ID = 'bench';
const MONTH_MS = 30 * 86_400_000;

const { server, origin } = await listen();
const options = {
  baseURL: origin,
  secret: randomBytes(32).toString('base64url'),
  database: openDurableSqlite('better-auth.sqlite'),
  disabledPaths: ['/token'],
  // On by default in production, at 100 requests in 10 seconds.
  rateLimit: { enabled: false },
  telemetry: { enabled: false },
  plugins: [
    jwt({ jwks: { keyPairConfig: { alg: 'ES256' } } }),
    oauthProvider({
      loginPage: '/sign-in',
      consentPage: '/consent',
      scopes: ['offline_access', 'api'],
      accessTokenExpiresIn: 600,
      resources: [{ identifier: RESOURCE, name: 'API' }],
    }),
  ],
};
// It writes its resources on starting, into tables that are there by then.
await (await getMigrations(options)).runMigrations();
const auth = betterAuth(options);
const { adapter } = await auth.$context;
const handle = toNodeHandler(auth);
server.on('request', (request, response) => void handle(request, response));

const user = await newClientAndUser();
// Makes the signing key: the first refreshes, at the same time, would each make one.
await auth.api.getJwks();
const refreshTokens = [];
for (let index = 0; index < wanted.families; index += 1) refreshTokens.push(await newFamily());
served({
  families: { endpoint: `${origin}/api/auth/oauth2/token`, clientId: CLIENT_ID, refreshTokens },
});

/** @returns {Promise<{ id: string }>} the user */
async function newClientAndUser() {
  const now = new Date();
  await adapter.create({
    model: 'oauthClient',
    data: {
      clientId: CLIENT_ID,
      name: 'Benchmark',
      tokenEndpointAuthMethod: 'none',
      applicationType: 'native',
      grantTypes: ['authorization_code', 'refresh_token'],
      responseTypes: ['code'],
      redirectUris: ['http://127.0.0.1/callback'],
      scopes: ['offline_access', 'api'],
      createdAt: now,
      updatedAt: now,
    },
  });
  await adapter.create({
    model: 'oauthClientResource',
    data: { clientId: CLIENT_ID, resourceId: RESOURCE, createdAt: now },
  });
  return adapter.create({
    model: 'user',
    data: {
      name: 'Benchmark',
      email: 'bench@example.com',
      emailVerified: true,
      createdAt: now,
      updatedAt: now,
    },
  });
}

/** Makes a first refresh token, as a code exchange would. */
async function newFamily() {
  const token = randomBytes(24).toString('base64url');
  await adapter.create({
    model: 'oauthRefreshToken',
    data: {
      token: createHash('sha256').update(token).digest('base64url'),
      clientId: CLIENT_ID,
      userId: user.id,
      resources: [RESOURCE],
      scopes: ['offline_access', 'api'],
      createdAt: new Date(),
      expiresAt: new Date(Date.now() + MONTH_MS),
      authTime: new Date(),
    },
  });
  return token;
}
