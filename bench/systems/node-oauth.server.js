/** \@node-oauth/oauth2-server in a process of its own, on plain node:http. */
import OAuth2Server from '@node-oauth/oauth2-server';
import { text } from 'node:stream/consumers';
import { createModel } from './node-oauth.model.js';
import { listen, served, wanted } from './served.js';

const CLIENT_ID = 'bench';
const ACCESS_TOKEN_SECONDS = 600;

const { server, origin } = await listen();
const model = await createModel({
  file: 'node-oauth.sqlite',
  issuer: origin,
  accessTokenSeconds: ACCESS_TOKEN_SECONDS,
});
const oauth = new OAuth2Server({
  model,
  accessTokenLifetime: ACCESS_TOKEN_SECONDS,
  refreshTokenLifetime: 30 * 86_400,
  alwaysIssueNewRefreshToken: true,
  requireClientAuthentication: { refresh_token: false },
});
server.on('request', (request, response) => void answer(request, response));

served({
  families: {
    endpoint: `${origin}/token`,
    clientId: CLIENT_ID,
    refreshTokens: Array.from({ length: wanted.families }, () =>
      model.newFamily(CLIENT_ID, 'bench-account', ['offline_access', 'api']),
    ),
  },
});

/**
 * @param {import('node:http').IncomingMessage} incoming
 * @param {import('node:http').ServerResponse} outgoing
 */
async function answer(incoming, outgoing) {
  const request = new OAuth2Server.Request({
    method: incoming.method,
    headers: incoming.headers,
    query: {},
    body: Object.fromEntries(new URLSearchParams(await text(incoming))),
  });
  const response = new OAuth2Server.Response();
  await oauth.token(request, response).catch((error) => {
    if (response.status === undefined || response.status >= 500) console.error(error);
  });
  const body = JSON.stringify(response.body);
  outgoing.writeHead(response.status ?? 200, {
    ...response.headers,
    'content-type': 'application/json',
    'content-length': Buffer.byteLength(body),
  });
  outgoing.end(body);
}
