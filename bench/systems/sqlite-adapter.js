import Database from 'better-sqlite3';

const SCHEMA = `
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
) WITHOUT ROWID;
CREATE INDEX artifacts_by_grant ON artifacts (grant_id) WHERE grant_id IS NOT NULL;
CREATE INDEX artifacts_by_uid ON artifacts (uid) WHERE uid IS NOT NULL;
CREATE INDEX artifacts_by_user_code ON artifacts (user_code) WHERE user_code IS NOT NULL;
`;

/**
 * A durable store for oidc-provider: one SQLite file, one row per artifact, each write its own
 * durable commit (the library has no notion of a transaction around a request).
 * @param {string} file
 * @returns {(model: string) => SqliteAdapter}
 */
export function createSqliteAdapter(file) {
  const database = new Database(file);
  database.pragma('journal_mode = WAL');
  database.pragma('synchronous = FULL');
  database.exec(SCHEMA);
  const statements = statementsOn(database);
  return (model) => new SqliteAdapter(model, statements);
}

/** @param {import('better-sqlite3').Database} database */
function statementsOn(database) {
  const live = '(expires_at IS NULL OR expires_at > ?)';
  const select = 'SELECT payload, consumed_at FROM artifacts WHERE model = ? AND';
  return {
    upsert: database.prepare(
      `INSERT INTO artifacts (model, id, grant_id, uid, user_code, payload, expires_at)
       VALUES (?, ?, ?, ?, ?, ?, ?)
       ON CONFLICT (model, id) DO UPDATE SET grant_id = excluded.grant_id, uid = excluded.uid,
         user_code = excluded.user_code, payload = excluded.payload,
         expires_at = excluded.expires_at`,
    ),
    byId: database.prepare(`${select} id = ? AND ${live}`),
    byUid: database.prepare(`${select} uid = ? AND ${live}`),
    byUserCode: database.prepare(`${select} user_code = ? AND ${live}`),
    consume: database.prepare('UPDATE artifacts SET consumed_at = ? WHERE model = ? AND id = ?'),
    destroy: database.prepare('DELETE FROM artifacts WHERE model = ? AND id = ?'),
    revoke: database.prepare('DELETE FROM artifacts WHERE grant_id = ?'),
  };
}

class SqliteAdapter {
  #model;
  #statements;

  /**
   * @param {string} model
   * @param {ReturnType<typeof statementsOn>} statements
   */
  constructor(model, statements) {
    this.#model = model;
    this.#statements = statements;
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
    this.#statements.upsert.run(this.#model, id, grantId, uid, userCode, text, expiresAt);
  }

  /** @param {string} id */
  async find(id) {
    return this.#payload(this.#statements.byId, id);
  }

  /** @param {string} uid */
  async findByUid(uid) {
    return this.#payload(this.#statements.byUid, uid);
  }

  /** @param {string} userCode */
  async findByUserCode(userCode) {
    return this.#payload(this.#statements.byUserCode, userCode);
  }

  /** @param {string} id */
  async consume(id) {
    this.#statements.consume.run(nowSeconds(), this.#model, id);
  }

  /** @param {string} id */
  async destroy(id) {
    this.#statements.destroy.run(this.#model, id);
  }

  /** @param {string} grantId */
  async revokeByGrantId(grantId) {
    this.#statements.revoke.run(grantId);
  }

  /**
   * @param {import('better-sqlite3').Statement} statement
   * @param {string} value
   */
  #payload(statement, value) {
    const row = /** @type {{ payload: string, consumed_at: number | null } | undefined} */ (
      statement.get(this.#model, value, nowSeconds())
    );
    if (row === undefined) return undefined;
    const payload = JSON.parse(row.payload);
    return row.consumed_at === null ? payload : { ...payload, consumed: row.consumed_at };
  }
}

function nowSeconds() {
  return Math.floor(Date.now() / 1000);
}
