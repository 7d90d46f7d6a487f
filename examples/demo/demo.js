/**
 * The whole story in a terminal, against a throw-away server: sign-in, three refreshes, a lost
 * response, twenty at once, a thief, and what the auditor reads afterwards. `npm run demo`.
 */
import * as client from 'openid-client';
import { Browser } from './browser.js';
import { auditorToken, readIncident, readTimeline } from './auditor.js';
import { startThrowAwayServer } from './server.js';
import { chapter, fact, note, timeline } from './terminal.js';

const RETRY_WINDOW_SECONDS = 2;
const REDIRECT_URI = 'https://shop.example/callback';
// oxlint-disable-next-line typescript/no-deprecated -- deprecated to stand out: the server is on this machine
const { allowInsecureRequests } = client;
const http = { execute: [allowInsecureRequests] };

const startedAt = performance.now();
const server = await startThrowAwayServer({ retryWindowSeconds: RETRY_WINDOW_SECONDS });
try {
  await tell(server);
  note(`Told in ${((performance.now() - startedAt) / 1000).toFixed(1)} s.`);
} finally {
  await server.end();
}

async function tell({ issuer, username, password, initialAccessToken, commandLine }) {
  chapter('A person signs in');
  const shop = await client.dynamicClientRegistration(
    new URL(issuer),
    {
      client_name: 'Shop',
      redirect_uris: [REDIRECT_URI],
      grant_types: ['authorization_code', 'refresh_token'],
      token_endpoint_auth_method: 'none',
    },
    client.None(),
    { ...http, initialAccessToken },
  );
  const phone = speakingAs(shop, 'Shop/4.2 (phone)');
  const codeVerifier = client.randomPKCECodeVerifier();
  const url = client.buildAuthorizationUrl(shop, {
    redirect_uri: REDIRECT_URI,
    scope: 'openid offline_access',
    code_challenge: await client.calculatePKCECodeChallenge(codeVerifier),
    code_challenge_method: 'S256',
  });
  const browser = new Browser(issuer, 'Demo browser');
  const callback = await browser.authorize(url, { username, password });
  const first = await client.authorizationCodeGrant(phone, callback, {
    pkceCodeVerifier: codeVerifier,
    idTokenExpected: true,
  });
  fact('tokens', `access for ${first.expires_in} s, refresh for ${days(first)} days, ID token`);

  chapter('Three refreshes');
  const stolen = first.refresh_token;
  let current = first;
  for (let turn = 1; turn <= 3; turn += 1) {
    current = await client.refreshTokenGrant(phone, current.refresh_token);
    fact(`refresh ${turn}`, `generation ${turn}: ${short(current.refresh_token)}`);
  }

  chapter('A response is lost, and the client tries again');
  const lost = await client.refreshTokenGrant(phone, current.refresh_token);
  const again = await client.refreshTokenGrant(phone, current.refresh_token);
  fact('lost', short(lost.refresh_token));
  fact('retry', `${short(again.refresh_token)} ${same(lost, again)}`);

  chapter('Twenty tabs refresh the same token at once');
  const tabs = await Promise.all(
    Array.from({ length: 20 }, () => client.refreshTokenGrant(phone, again.refresh_token)),
  );
  const successors = new Set(tabs.map((tab) => tab.refresh_token));
  fact('answers', `${tabs.length} of 20 succeeded, ${successors.size} distinct refresh token`);
  if (successors.size !== 1) throw new Error('twenty concurrent refreshes had several successors');

  chapter('A thief replays the very first refresh token');
  await new Promise((resolve) => setTimeout(resolve, RETRY_WINDOW_SECONDS * 1000 + 100));
  const thief = speakingAs(shop, 'curl/8.9 (stolen backup)');
  fact('thief', await refusal(() => client.refreshTokenGrant(thief, stolen)));

  chapter('The family is dead, for both of them');
  const [tab] = tabs;
  fact('refresh', await refusal(() => client.refreshTokenGrant(phone, tab.refresh_token)));
  fact(
    'userinfo',
    await refusal(() => client.fetchUserInfo(phone, tab.access_token, tab.claims().sub)),
  );

  chapter('The auditor reads what happened');
  const token = await auditorToken(issuer, commandLine);
  const incident = await readIncident(issuer, token);
  const { kind, presentedGeneration, currentGeneration, familyId } = incident;
  fact('incident', `${kind}: ${presentedGeneration} presented, ${currentGeneration} is current`);
  timeline(await readTimeline(issuer, token, familyId));

  chapter('The ledger is checked from its first event to its last');
  note(await commandLine('verify'));
}

/** The same client on another machine: only its User-Agent differs. */
function speakingAs(configuration, userAgent) {
  const copy = new client.Configuration(
    configuration.serverMetadata(),
    configuration.clientMetadata().client_id,
    undefined,
    client.None(),
  );
  // oxlint-disable-next-line typescript/no-deprecated -- as above
  allowInsecureRequests(copy);
  copy[client.customFetch] = (url, options) =>
    fetch(url, { ...options, headers: { ...options.headers, 'user-agent': userAgent } });
  return copy;
}

async function refusal(attempt) {
  try {
    await attempt();
  } catch (error) {
    return `refused: ${error.error ?? error.cause?.[0]?.parameters?.error ?? error.code}`;
  }
  throw new Error('what had to be refused was granted');
}

function same(one, other) {
  if (one.refresh_token !== other.refresh_token) throw new Error('a retry got another successor');
  return '(the same successor)';
}

function short(token) {
  return `${token.slice(0, 8)}…${token.slice(-8)}`;
}

function days(tokens) {
  return Math.floor(tokens.refresh_token_expires_in / 86_400);
}
