// @ts-check
import { formRequestsTo } from './form-request.js';
import { RefreshChain } from './refresh-chain.js';
import { AnswerRefused, isJwt } from './token-answer.js';

/**
 * One client of a server under test: what it asks next, and whether it believes the answer.
 * @typedef {{ request: () => string, accept: (status: number, text: string) => Error | undefined }} Caller
 */

const MAKERS = { rotation: refreshChains, introspection, client_credentials: clientCredentials };

/**
 * The callers that do some work.
 * @param {import('./load.js').Work} work
 * @returns {Caller[]}
 */
export function callersFor({ operation, ...details }) {
  // @ts-expect-error -- the operation says which details there are
  return MAKERS[operation](details);
}

/** @param {import('./load.js').Families} families */
function refreshChains({ endpoint, clientId, refreshTokens }) {
  return refreshTokens.map(
    (refreshToken) => new RefreshChain({ endpoint: new URL(endpoint), clientId, refreshToken }),
  );
}

/**
 * A resource server's connections: each asks for all tokens in turn, and begins at another one.
 * @param {import('./load.js').Introspections & { callers: number }} work
 * @returns {Caller[]}
 */
function introspection({ endpoint, authorization, accessTokens, callers }) {
  const post = formRequestsTo(new URL(endpoint), authorization);
  const requests = accessTokens.map((token) => post(`token=${encodeURIComponent(token)}`));
  return Array.from({ length: callers }, (_, caller) => {
    let next = Math.floor((caller * requests.length) / callers);
    return {
      request() {
        next = (next + 1) % requests.length;
        return requests[next] ?? '';
      },
      accept: (status, text) =>
        status === 200 && JSON.parse(text).active === true
          ? undefined
          : new AnswerRefused(`not an active token: HTTP ${status}: ${text}`),
    };
  });
}

/**
 * A service's connections.
 * @param {import('./load.js').ClientCredentials & { callers: number }} work
 * @returns {Caller[]}
 */
function clientCredentials({ endpoint, authorization, form, callers }) {
  const request = formRequestsTo(new URL(endpoint), authorization)(form);
  return Array.from({ length: callers }, () => {
    let newest = '';
    return {
      request: () => request,
      accept(status, text) {
        if (status !== 200) return new AnswerRefused(`HTTP ${status}: ${text}`);
        const { access_token: token } = JSON.parse(text);
        if (!isJwt(token) || token === newest) {
          return new AnswerRefused(`no new JWT access token: ${text}`);
        }
        newest = token;
        return undefined;
      },
    };
  });
}
