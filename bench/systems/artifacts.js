// @ts-check
/** The tables of oidc-provider's artifacts, for SQLite and for PostgreSQL. */
export const SCHEMA = `
CREATE TABLE artifacts (
  model TEXT NOT NULL,
  id TEXT NOT NULL,
  grant_id TEXT,
  uid TEXT,
  user_code TEXT,
  payload TEXT NOT NULL,
  consumed_at INTEGER,
  expires_at INTEGER,
  PRIMARY KEY (model, id)
);
CREATE INDEX artifacts_by_grant ON artifacts (grant_id) WHERE grant_id IS NOT NULL;
CREATE INDEX artifacts_by_uid ON artifacts (uid) WHERE uid IS NOT NULL;
CREATE INDEX artifacts_by_user_code ON artifacts (user_code) WHERE user_code IS NOT NULL;
`;

const LIVE = '(expires_at IS NULL OR expires_at > ?)';
const SELECT = 'SELECT payload, consumed_at FROM artifacts WHERE model = ? AND';

/** What is asked of them; a database has its own way to write the parameters. */
export const STATEMENTS = {
  upsert: `INSERT INTO artifacts (model, id, grant_id, uid, user_code, payload, expires_at)
    VALUES (?, ?, ?, ?, ?, ?, ?)
    ON CONFLICT (model, id) DO UPDATE SET grant_id = excluded.grant_id, uid = excluded.uid,
      user_code = excluded.user_code, payload = excluded.payload,
      expires_at = excluded.expires_at`,
  byId: `${SELECT} id = ? AND ${LIVE}`,
  byUid: `${SELECT} uid = ? AND ${LIVE}`,
  byUserCode: `${SELECT} user_code = ? AND ${LIVE}`,
  consume: 'UPDATE artifacts SET consumed_at = ? WHERE model = ? AND id = ?',
  destroy: 'DELETE FROM artifacts WHERE model = ? AND id = ?',
  revoke: 'DELETE FROM artifacts WHERE grant_id = ?',
};

/**
 * @typedef {keyof typeof STATEMENTS} StatementName
 * @typedef {{ payload: string, consumed_at: number | null }} Row
 *
 * A database that has the tables. Each `run` is a durable commit of its own.
 * @typedef {object} ArtifactDatabase
 * @property {(name: StatementName, values: readonly unknown[]) => void | Promise<void>} run
 * @property {(name: StatementName, values: readonly unknown[]) =>
 *   Row | undefined | Promise<Row | undefined>} first
 */

/**
 * A durable store for oidc-provider: one row per artifact, each write its own durable commit (the
 * library has no notion of a transaction around a request).
 */
export class Artifacts {
  #model;
  #database;

  /**
   * @param {string} model
   * @param {ArtifactDatabase} database
   */
  constructor(model, database) {
    this.#model = model;
    this.#database = database;
  }

  /**
   * @param {string} id
   * @param {Record<string, any>} payload
   * @param {number} [expiresIn] seconds
   */
  async upsert(id, payload, expiresIn) {
    const { grantId = null, uid = null, userCode = null } = payload;
    const expiresAt = expiresIn === undefined ? null : nowSeconds() + expiresIn;
    const text = JSON.stringify(payload);
    const values = [this.#model, id, grantId, uid, userCode, text, expiresAt];
    await this.#database.run('upsert', values);
  }

  /** @param {string} id */
  async find(id) {
    return this.#payload('byId', id);
  }

  /** @param {string} uid */
  async findByUid(uid) {
    return this.#payload('byUid', uid);
  }

  /** @param {string} userCode */
  async findByUserCode(userCode) {
    return this.#payload('byUserCode', userCode);
  }

  /** @param {string} id */
  async consume(id) {
    await this.#database.run('consume', [nowSeconds(), this.#model, id]);
  }

  /** @param {string} id */
  async destroy(id) {
    await this.#database.run('destroy', [this.#model, id]);
  }

  /** @param {string} grantId */
  async revokeByGrantId(grantId) {
    await this.#database.run('revoke', [grantId]);
  }

  /**
   * @param {StatementName} name
   * @param {string} value
   */
  async #payload(name, value) {
    const row = await this.#database.first(name, [this.#model, value, nowSeconds()]);
    if (row === undefined) return undefined;
    const payload = JSON.parse(row.payload);
    return row.consumed_at === null ? payload : { ...payload, consumed: row.consumed_at };
  }
}

function nowSeconds() {
  return Math.floor(Date.now() / 1000);
}
