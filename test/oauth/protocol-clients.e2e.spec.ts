import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { createRemoteJWKSet, jwtVerify } from 'jose';
import * as oauth from 'oauth4webapi';
import * as oidc from 'openid-client';
import { signInAndConsent } from '../support/http-browser.js';
import { answerOf, claimsOf, s256 } from '../support/http-flow.js';
import { HttpServer, REDIRECT_URI, type TestAccount, TestClock } from '../support/http-server.js';

const INITIAL_ACCESS_TOKEN = 'tli_for-this-test-only';
const AUDIENCE = 'https://photos.example/api';
const SCOPE = 'openid profile email offline_access photos:read';
// oxlint-disable-next-line typescript/no-deprecated -- a server of a test has no TLS
const insecure = { [oauth.allowInsecureRequests]: true } as const;
// oxlint-disable-next-line typescript/no-deprecated -- a server of a test has no TLS
const overHttp = { execute: [oidc.allowInsecureRequests] };

const clock = new TestClock();
let server: HttpServer;
let ana: TestAccount;

beforeAll(async () => {
  server = await HttpServer.start({
    TOKEN_LEDGER_INITIAL_ACCESS_TOKEN: INITIAL_ACCESS_TOKEN,
    TOKEN_LEDGER_RETRY_WINDOW_SECONDS: '30',
  });
  ana = await server.createAccount('ana', { name: 'Ana Lovelace', email: 'ana@example.org' });
});

afterAll(() => server.close());

type AuthMethod = 'none' | 'client_secret_basic' | 'client_secret_post';

/** Registers a client over the wire and configures openid-client for it. */
function configured(method: AuthMethod, more: Partial<oidc.ClientMetadata> = {}) {
  const authentication = {
    none: oidc.None(),
    client_secret_basic: oidc.ClientSecretBasic(),
    client_secret_post: oidc.ClientSecretPost(),
  }[method];
  return oidc.dynamicClientRegistration(
    new URL(server.issuer),
    {
      client_name: `A ${method} client`,
      redirect_uris: [REDIRECT_URI],
      grant_types: ['authorization_code', 'refresh_token'],
      token_endpoint_auth_method: method,
      ...more,
    },
    authentication,
    { ...overHttp, initialAccessToken: INITIAL_ACCESS_TOKEN },
  );
}

async function signedIn(
  config: oidc.Configuration,
  more: Record<string, string> = {},
  browser = server.browser(),
) {
  const verifier = oidc.randomPKCECodeVerifier();
  const state = oidc.randomState();
  const nonce = oidc.randomNonce();
  const request = oidc.buildAuthorizationUrl(config, {
    redirect_uri: REDIRECT_URI,
    scope: SCOPE,
    code_challenge: await oidc.calculatePKCECodeChallenge(verifier),
    code_challenge_method: 'S256',
    state,
    nonce,
    ...more,
  });
  const answer = await signInAndConsent(browser, request, ana);
  return oidc.authorizationCodeGrant(config, answer, {
    pkceCodeVerifier: verifier,
    expectedState: state,
    expectedNonce: nonce,
    idTokenExpected: true,
    maxAge: 60,
  });
}

describe('openid-client', () => {
  it('registers where to go after signing out, and goes there', async () => {
    const uri = 'https://app.example/signed-out';
    const config = await configured('none', { post_logout_redirect_uris: [uri] });
    expect(config.clientMetadata()['post_logout_redirect_uris']).toEqual([uri]);
    const browser = server.browser();
    const tokens = await signedIn(config, {}, browser);
    const leaving = oidc.buildEndSessionUrl(config, {
      id_token_hint: tokens.id_token ?? '',
      post_logout_redirect_uri: uri,
      state: 'bye',
    });
    const left = await browser.open(leaving);
    expect(left.url.href).toBe(`${uri}?state=bye`);
    expect(browser.cookies.has('token-ledger-session')).toBe(false);
  });

  it.each(['none', 'client_secret_basic', 'client_secret_post'] as const)(
    'registers with %s, signs in, refreshes, asks and revokes',
    async (method) => {
      const config = await configured(method);
      const tokens = await signedIn(config, { audience: AUDIENCE });
      expect(tokens).toMatchObject({
        token_type: 'bearer',
        expires_in: 600,
        refresh_token_expires_in: 2_592_000,
        scope: 'email offline_access openid photos:read profile',
      });
      const claims = tokens.claims();
      expect(claims).toMatchObject({
        sub: ana.subject,
        iss: server.issuer,
        aud: config.clientMetadata().client_id,
        amr: ['pwd'],
      });
      await expect(oidc.fetchUserInfo(config, tokens.access_token, ana.subject)).resolves.toEqual({
        sub: ana.subject,
        name: 'Ana Lovelace',
        preferred_username: 'ana',
        email: 'ana@example.org',
        email_verified: true,
      });

      clock.pass(5000);
      const renewed = await oidc.refreshTokenGrant(config, tokens.refresh_token!);
      expect(renewed.refresh_token).toMatch(/^tlr_/);
      expect(renewed.refresh_token).not.toBe(tokens.refresh_token);
      expect(renewed).toMatchObject({ refresh_token_expires_in: 2_592_000, scope: tokens.scope });
      const again = renewed.claims();
      expect(again).toMatchObject({ sub: ana.subject, auth_time: claims?.auth_time });
      expect(again?.iat).toBeGreaterThan(claims?.iat ?? Infinity);
      expect(again).not.toHaveProperty('nonce');

      const narrow = await oidc.refreshTokenGrant(config, renewed.refresh_token!, {
        scope: 'openid photos:read',
      });
      expect(narrow.scope).toBe('openid photos:read');
      expect(claimsOf(narrow.access_token).scope).toBe('openid photos:read');
      const wide = await oidc.refreshTokenGrant(config, narrow.refresh_token!);
      expect(wide.scope).toBe(tokens.scope);

      await oidc.tokenRevocation(config, wide.access_token);
      await expect(oidc.fetchUserInfo(config, wide.access_token, ana.subject)).rejects.toThrow(
        'WWW-Authenticate',
      );
      const last = await oidc.refreshTokenGrant(config, wide.refresh_token!);
      await oidc.tokenRevocation(config, last.refresh_token!);
      await expect(oidc.refreshTokenGrant(config, last.refresh_token!)).rejects.toMatchObject({
        error: 'invalid_grant',
        status: 400,
      });
      await expect(oidc.fetchUserInfo(config, last.access_token, ana.subject)).rejects.toThrow(
        'WWW-Authenticate',
      );
    },
  );

  it('finds the server by RFC 8414 as by OIDC discovery', async () => {
    const { clientId } = await server.register('spa');
    const discovered = await Promise.all(
      (['oidc', 'oauth2'] as const).map((algorithm) =>
        oidc.discovery(new URL(server.issuer), clientId, undefined, oidc.None(), {
          ...overHttp,
          algorithm,
        }),
      ),
    );
    const [first, second] = discovered.map((config) => config.serverMetadata());
    expect({ ...first }).toEqual({ ...second });
    expect(first).toMatchObject({
      issuer: server.issuer,
      token_endpoint: `${server.issuer}/oauth/token`,
      code_challenge_methods_supported: ['S256'],
      authorization_response_iss_parameter_supported: true,
      response_types_supported: ['code'],
    });
    expect(first?.supportsPKCE()).toBe(true);
    for (const [name, value] of Object.entries({ ...first })) {
      const isEndpoint = name.endsWith('_endpoint') || name === 'jwks_uri';
      if (isEndpoint) expect(new URL(value as string).origin).toBe(server.issuer);
    }
  });

  it('gets a token for itself, and never a refresh token', async () => {
    const machine = await server.register('machine', { scope: 'photos:read photos:write' });
    const config = await oidc.discovery(
      new URL(server.issuer),
      machine.clientId,
      undefined,
      oidc.ClientSecretBasic(machine.clientSecret),
      overHttp,
    );
    const tokens = await oidc.clientCredentialsGrant(config, {
      scope: 'photos:read',
      resource: AUDIENCE,
    });
    expect(tokens).not.toHaveProperty('refresh_token');
    expect(tokens).not.toHaveProperty('id_token');
    expect(claimsOf(tokens.access_token)).toMatchObject({
      sub: machine.clientId,
      client_id: machine.clientId,
      aud: AUDIENCE,
      scope: 'photos:read',
    });
    expect(await oidc.tokenIntrospection(config, tokens.access_token)).toMatchObject({
      active: true,
      client_id: machine.clientId,
      aud: AUDIENCE,
      token_type: 'Bearer',
    });
    await oidc.tokenRevocation(config, tokens.access_token);
    expect(await oidc.tokenIntrospection(config, tokens.access_token)).toEqual({ active: false });
    const all = await oidc.clientCredentialsGrant(config);
    expect(all.scope).toBe('photos:read photos:write');
  });

  it('learns at introspection what a token is worth, if it may know', async () => {
    const config = await configured('client_secret_basic');
    const tokens = await signedIn(config, { resource: AUDIENCE });
    const access = await oidc.tokenIntrospection(config, tokens.access_token);
    expect(access).toMatchObject({
      active: true,
      sub: ana.subject,
      iss: server.issuer,
      aud: AUDIENCE,
      scope: tokens.scope,
    });
    expect(await oidc.tokenIntrospection(config, tokens.refresh_token!)).toMatchObject({
      active: true,
      sub: ana.subject,
      client_id: config.clientMetadata().client_id,
    });
    const stranger = await configured('client_secret_post');
    const resourceServer = await oidc.discovery(
      new URL(server.issuer),
      (await introspector()).clientId,
      undefined,
      oidc.ClientSecretBasic((await introspector()).clientSecret),
      overHttp,
    );
    for (const token of [tokens.access_token, tokens.refresh_token!]) {
      expect(await oidc.tokenIntrospection(stranger, token)).toEqual({ active: false });
      expect(await oidc.tokenIntrospection(resourceServer, token)).toMatchObject({ active: true });
    }
    await oidc.refreshTokenGrant(config, tokens.refresh_token!);
    expect(await oidc.tokenIntrospection(config, tokens.refresh_token!)).toEqual({ active: false });
    clock.pass(601_000);
    expect(await oidc.tokenIntrospection(config, tokens.access_token)).toEqual({ active: false });
  });
});

let introspecting: ReturnType<HttpServer['register']> | undefined;

function introspector() {
  introspecting ??= server.register('machine', { mayIntrospect: true });
  return introspecting;
}

describe('oauth4webapi', () => {
  async function discovered(): Promise<oauth.AuthorizationServer> {
    const issuer = new URL(server.issuer);
    const response = await oauth.discoveryRequest(issuer, { ...insecure, algorithm: 'oauth2' });
    return oauth.processDiscoveryResponse(issuer, response);
  }

  it('goes through the whole flow as a public client', async () => {
    const as = await discovered();
    const registration = await oauth.dynamicClientRegistrationRequest(
      as,
      {
        redirect_uris: [REDIRECT_URI],
        grant_types: ['authorization_code', 'refresh_token'],
        token_endpoint_auth_method: 'none',
      },
      { ...insecure, initialAccessToken: INITIAL_ACCESS_TOKEN },
    );
    const client = await oauth.processDynamicClientRegistrationResponse(registration);
    expect(client).not.toHaveProperty('client_secret');
    const verifier = oauth.generateRandomCodeVerifier();
    const nonce = oauth.generateRandomNonce();
    const request = new URL(as.authorization_endpoint!);
    request.search = new URLSearchParams({
      client_id: client.client_id,
      redirect_uri: REDIRECT_URI,
      response_type: 'code',
      scope: 'openid offline_access photos:read',
      resource: AUDIENCE,
      code_challenge: s256(verifier),
      code_challenge_method: 'S256',
      state: 'st',
      nonce,
    }).toString();
    const landed = await signInAndConsent(server.browser(), request, ana);
    const answer = oauth.validateAuthResponse(as, client, landed, 'st');
    const response = await oauth.authorizationCodeGrantRequest(
      as,
      client,
      oauth.None(),
      answer,
      REDIRECT_URI,
      verifier,
      insecure,
    );
    const tokens = await oauth.processAuthorizationCodeResponse(as, client, response, {
      expectedNonce: nonce,
      requireIdToken: true,
    });
    await oauth.validateApplicationLevelSignature(as, response, insecure);
    const claims = oauth.getValidatedIdTokenClaims(tokens);
    expect(claims).toMatchObject({ sub: ana.subject, nonce });

    const protectedRequest = new Request(AUDIENCE, {
      headers: { authorization: `Bearer ${tokens.access_token}` },
    });
    const validated = await oauth.validateJwtAccessToken(as, protectedRequest, AUDIENCE, insecure);
    expect(validated).toMatchObject({
      sub: ana.subject,
      client_id: client.client_id,
      scope: 'offline_access openid photos:read',
      auth_time: claims?.auth_time,
    });

    const refreshed = await oauth.processRefreshTokenResponse(
      as,
      client,
      await oauth.refreshTokenGrantRequest(
        as,
        client,
        oauth.None(),
        tokens.refresh_token!,
        insecure,
      ),
    );
    const userInfo = await oauth.userInfoRequest(as, client, refreshed.access_token, insecure);
    expect(await oauth.processUserInfoResponse(as, client, ana.subject, userInfo)).toEqual({
      sub: ana.subject,
    });
    const revocation = await oauth.revocationRequest(
      as,
      client,
      oauth.None(),
      refreshed.refresh_token!,
      insecure,
    );
    await expect(oauth.processRevocationResponse(revocation)).resolves.toBeUndefined();
    const refused = await oauth.refreshTokenGrantRequest(
      as,
      client,
      oauth.None(),
      refreshed.refresh_token!,
      insecure,
    );
    await expect(oauth.processRefreshTokenResponse(as, client, refused)).rejects.toMatchObject({
      error: 'invalid_grant',
    });
  });
});

describe('jose', () => {
  it('verifies access token and ID token by the published keys', async () => {
    const config = await configured('none');
    const { client_id: clientId } = config.clientMetadata();
    const tokens = await signedIn(config, { audience: AUDIENCE });
    const keys = createRemoteJWKSet(new URL(config.serverMetadata().jwks_uri!));
    const currentDate = new Date(Date.now());
    const access = await jwtVerify(tokens.access_token, keys, {
      issuer: server.issuer,
      audience: AUDIENCE,
      typ: 'at+jwt',
      algorithms: ['ES256'],
      currentDate,
      requiredClaims: ['iss', 'exp', 'aud', 'sub', 'client_id', 'iat', 'jti'],
    });
    expect(access.payload).toMatchObject({
      sub: ana.subject,
      client_id: clientId,
      scope: 'email offline_access openid photos:read profile',
      amr: ['pwd'],
      auth_time: tokens.claims()?.auth_time,
    });
    expect(access.payload.jti).toMatch(/^[0-9a-f]{32}\.0$/);
    expect(access.payload.exp! - access.payload.iat!).toBeLessThanOrEqual(601);
    for (const personal of ['email', 'name', 'preferred_username']) {
      expect(access.payload).not.toHaveProperty(personal);
    }
    const id = await jwtVerify(tokens.id_token!, keys, {
      issuer: server.issuer,
      audience: clientId,
      typ: 'JWT',
      currentDate,
    });
    expect(id.payload.at_hash).toEqual(expect.any(String));
    expect(id.payload.sid).toEqual(expect.any(String));
    await expect(jwtVerify(tokens.access_token, keys, { typ: 'JWT', currentDate })).rejects.toThrow(
      'typ',
    );
    const published = await answerOf<{ keys: Record<string, unknown>[] }>(
      await server.fetch('/oauth/jwks'),
    );
    for (const key of published.body.keys) {
      expect(key).toMatchObject({ kty: 'EC', crv: 'P-256', alg: 'ES256', use: 'sig' });
      expect(key).not.toHaveProperty('d');
    }
  });
});
