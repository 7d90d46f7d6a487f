// @ts-check
import { formRequestsTo } from './form-request.js';
import { AnswerRefused, isJwt, isToken } from './token-answer.js';

/**
 * One token family driven by one client: presents the newest refresh token each time, and believes
 * an answer only if it is a 200 with a new refresh token and a new JWT access token.
 */
export class RefreshChain {
  /** Rotations so far. */
  generation = 0;
  #accessToken = '';
  #post;
  #form;

  /**
   * @param {{ endpoint: URL, clientId: string, refreshToken: string }} family
   */
  constructor({ endpoint, clientId, refreshToken }) {
    this.refreshToken = refreshToken;
    this.#post = formRequestsTo(endpoint);
    this.#form = `grant_type=refresh_token&client_id=${encodeURIComponent(clientId)}&refresh_token=`;
  }

  /** The request that rotates once. */
  request() {
    return this.#post(this.#form + this.refreshToken);
  }

  /**
   * Takes the answer over, or says what is wrong with it.
   * @param {number} status
   * @param {string} text
   * @returns {Error | undefined}
   */
  accept(status, text) {
    if (status !== 200) return new AnswerRefused(`HTTP ${status}: ${text}`);
    const { refresh_token: refreshToken, access_token: accessToken } = JSON.parse(text);
    if (!isToken(refreshToken) || refreshToken === this.refreshToken) {
      return new AnswerRefused(`no new refresh token: ${text}`);
    }
    if (!isJwt(accessToken) || accessToken === this.#accessToken) {
      return new AnswerRefused(`no new JWT access token: ${text}`);
    }
    this.refreshToken = refreshToken;
    this.#accessToken = accessToken;
    this.generation += 1;
    return undefined;
  }
}
