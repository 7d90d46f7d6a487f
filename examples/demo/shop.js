/** An application, as a standard client: it registers itself, signs a person in, and refreshes. */
import * as client from 'openid-client';
import { Browser } from './browser.js';

/** The owner's phone, as the server sees it. */
export const PHONE = headersOf('Shop/4.2 (phone)', '198.51.100.7');
/** The thief's machine, as the server sees it. */
export const THIEF = headersOf('curl/8.9 (stolen backup)', '203.0.113.77');
/** So long a client waits for an answer that was lost, before it asks again. */
export const LOST_ANSWER_MILLISECONDS = 50;
const REDIRECT_URI = 'https://shop.example/callback';
// oxlint-disable-next-line typescript/no-deprecated -- deprecated to stand out: the server is on this machine
const { allowInsecureRequests } = client;
const http = { execute: [allowInsecureRequests] };

/** Registers the application; answers with its configuration. */
export async function registerShop({ issuer, initialAccessToken }) {
  const metadata = {
    client_name: 'Shop',
    redirect_uris: [REDIRECT_URI],
    grant_types: ['authorization_code', 'refresh_token'],
    token_endpoint_auth_method: 'none',
  };
  return client.dynamicClientRegistration(new URL(issuer), metadata, client.None(), {
    ...http,
    initialAccessToken,
  });
}

/** The same client on another machine: only what the server sees of the machine differs. */
export function speakingAs(configuration, machine) {
  const copy = new client.Configuration(
    configuration.serverMetadata(),
    configuration.clientMetadata().client_id,
    undefined,
    client.None(),
  );
  // oxlint-disable-next-line typescript/no-deprecated -- as above
  allowInsecureRequests(copy);
  copy[client.customFetch] = (url, options) =>
    fetch(url, { ...options, headers: { ...options.headers, ...machine } });
  return copy;
}

/** A person signs in with a browser and allows the access; answers with the first tokens. */
export async function signIn(phone, { issuer, username, password }) {
  const codeVerifier = client.randomPKCECodeVerifier();
  const url = client.buildAuthorizationUrl(phone, {
    redirect_uri: REDIRECT_URI,
    scope: 'openid offline_access',
    code_challenge: await client.calculatePKCECodeChallenge(codeVerifier),
    code_challenge_method: 'S256',
  });
  const browser = new Browser(issuer, headersOf('Demo browser', '198.51.100.7'));
  const callback = await browser.authorize(url, { username, password });
  return client.authorizationCodeGrant(phone, callback, {
    pkceCodeVerifier: codeVerifier,
    idTokenExpected: true,
  });
}

/** Refreshes; answers with the next tokens. */
export function refresh(configuration, { refresh_token: token }) {
  return client.refreshTokenGrant(configuration, token);
}

/** Lets time go by. */
export function later(milliseconds) {
  return new Promise((resolve) => setTimeout(resolve, milliseconds));
}

/** What the server says about the person. */
export function userInfo(configuration, tokens) {
  return client.fetchUserInfo(configuration, tokens.access_token, tokens.claims().sub);
}

/** Why an attempt was refused, as its error code. Throws when it was not. */
export async function refusal(attempt) {
  try {
    await attempt();
  } catch (error) {
    return error.error ?? error.cause?.[0]?.parameters?.error ?? error.code;
  }
  throw new Error('what had to be refused was granted');
}

function headersOf(userAgent, address) {
  return { 'user-agent': userAgent, 'x-forwarded-for': address };
}
