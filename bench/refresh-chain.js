/** A rotation that did not come out as it should. */
export class RotationFailed extends Error {}

/**
 * One token family driven by one client: presents the newest refresh token each time, and believes
 * an answer only if it is a 200 with a new refresh token and a new JWT access token.
 */
export class RefreshChain {
  /** Rotations so far. */
  generation = 0;
  #accessToken = '';
  #head;
  #form;

  /**
   * @param {{ tokenEndpoint: URL, clientId: string, refreshToken: string }} family
   */
  constructor({ tokenEndpoint, clientId, refreshToken }) {
    this.refreshToken = refreshToken;
    this.#head =
      `POST ${tokenEndpoint.pathname} HTTP/1.1\r\nhost: ${tokenEndpoint.host}\r\n` +
      'content-type: application/x-www-form-urlencoded\r\naccept: application/json\r\n' +
      'content-length: ';
    this.#form = `grant_type=refresh_token&client_id=${encodeURIComponent(clientId)}&refresh_token=`;
  }

  /**
   * Rotates once.
   * @param {import('./http-connection.js').HttpConnection} connection
   * @param {(error: Error | undefined) => void} done
   */
  rotate(connection, done) {
    const body = this.#form + this.refreshToken;
    connection.send(`${this.#head}${body.length}\r\n\r\n${body}`, (error, status, text) => {
      done(error ?? this.#accept(status, text));
    });
  }

  /**
   * @param {number} status
   * @param {string} text
   * @returns {Error | undefined}
   */
  #accept(status, text) {
    if (status !== 200) return new RotationFailed(`HTTP ${status}: ${text}`);
    const { refresh_token: refreshToken, access_token: accessToken } = JSON.parse(text);
    if (!isToken(refreshToken) || refreshToken === this.refreshToken) {
      return new RotationFailed(`no new refresh token: ${text}`);
    }
    if (!isJwt(accessToken) || accessToken === this.#accessToken) {
      return new RotationFailed(`no new JWT access token: ${text}`);
    }
    this.refreshToken = refreshToken;
    this.#accessToken = accessToken;
    this.generation += 1;
    return undefined;
  }
}

/** @param {unknown} token */
function isToken(token) {
  return typeof token === 'string' && /^[\w.~-]{16,}$/.test(token);
}

/** @param {unknown} token */
function isJwt(token) {
  return typeof token === 'string' && /^[\w-]+\.[\w-]+\.[\w-]+$/.test(token);
}
