// @ts-check
import { randomBytes, randomUUID } from 'node:crypto';
import { generateKeyPair, SignJWT } from 'jose';
import { RESOURCE } from './authorization.js';
import { openDurableSqlite } from './sqlite-file.js';

const SCHEMA = `
CREATE TABLE clients (id TEXT PRIMARY KEY, grants TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE refresh_tokens (
  token TEXT PRIMARY KEY,
  client_id TEXT NOT NULL,
  user_id TEXT NOT NULL,
  scope TEXT NOT NULL,
  expires_at INTEGER NOT NULL
) WITHOUT ROWID;
`;

/**
 * The model of an \@node-oauth/oauth2-server on one SQLite file, as its documentation describes it
 * for refresh tokens: `revokeToken` deletes the token and `saveToken` inserts its successor, each a
 * durable commit of its own. Access tokens are ES256 JWTs and are not stored.
 * @param {object} options
 * @param {string} options.file
 * @param {string} options.issuer
 * @param {number} options.accessTokenSeconds
 */
export async function createModel({ file, issuer, accessTokenSeconds }) {
  const sqlite = openDurableSqlite(file);
  sqlite.exec(SCHEMA);
  const statements = statementsOn(sqlite);
  const { privateKey } = await generateKeyPair('ES256');
  return {
    /** @param {string} clientId @param {string} userId @param {string[]} scope */
    newFamily(clientId, userId, scope) {
      const token = randomBytes(32).toString('base64url');
      const expiresAt = Date.now() + 30 * 86_400_000;
      statements.saveClient.run(clientId, 'authorization_code refresh_token');
      statements.save.run(token, clientId, userId, scope.join(' '), expiresAt);
      return token;
    },

    /** @param {string} clientId */
    async getClient(clientId) {
      const row = statements.client.get(clientId);
      return row && { id: row.id, grants: row.grants.split(' ') };
    },

    /** @param {Client} client @param {User} user @param {string[]} scope */
    async generateAccessToken(client, user, scope) {
      const claims = { client_id: client.id, scope: scope.join(' '), jti: randomUUID() };
      return new SignJWT(claims)
        .setProtectedHeader({ alg: 'ES256', typ: 'at+jwt' })
        .setIssuer(issuer)
        .setAudience(RESOURCE)
        .setSubject(user.id)
        .setIssuedAt()
        .setExpirationTime(`${accessTokenSeconds}s`)
        .sign(privateKey);
    },

    /** @param {string} refreshToken */
    async getRefreshToken(refreshToken) {
      const row = statements.find.get(refreshToken);
      return (
        row && {
          refreshToken,
          refreshTokenExpiresAt: new Date(row.expires_at),
          scope: row.scope.split(' '),
          client: { id: row.client_id },
          user: { id: row.user_id },
        }
      );
    },

    /** @param {{ refreshToken: string }} token */
    async revokeToken({ refreshToken }) {
      return statements.revoke.run(refreshToken).changes === 1;
    },

    /** @param {Token} token @param {Client} client @param {User} user */
    async saveToken(token, client, user) {
      const { refreshToken, refreshTokenExpiresAt, scope } = token;
      const expiresAt = refreshTokenExpiresAt.getTime();
      statements.save.run(refreshToken, client.id, user.id, scope.join(' '), expiresAt);
      return { ...token, client, user };
    },
  };
}

/**
 * @typedef {{ id: string }} Client
 * @typedef {{ id: string }} User
 * @typedef {{ refreshToken: string, refreshTokenExpiresAt: Date, scope: string[] }} Token
 */

/**
 * @typedef {{ id: string, grants: string }} ClientRow
 * @typedef {{ client_id: string, user_id: string, scope: string, expires_at: number }}
 *   RefreshTokenRow
 */

/** @param {import('better-sqlite3').Database} sqlite */
function statementsOn(sqlite) {
  /** @type {import('better-sqlite3').Statement<[string], ClientRow>} */
  const client = sqlite.prepare('SELECT id, grants FROM clients WHERE id = ?');
  /** @type {import('better-sqlite3').Statement<[string], RefreshTokenRow>} */
  const find = sqlite.prepare(
    'SELECT client_id, user_id, scope, expires_at FROM refresh_tokens WHERE token = ?',
  );
  return {
    client,
    find,
    saveClient: sqlite.prepare('INSERT OR IGNORE INTO clients (id, grants) VALUES (?, ?)'),
    save: sqlite.prepare(
      `INSERT INTO refresh_tokens (token, client_id, user_id, scope, expires_at)
       VALUES (?, ?, ?, ?, ?)`,
    ),
    revoke: sqlite.prepare('DELETE FROM refresh_tokens WHERE token = ?'),
  };
}
