// @ts-check
/**
 * An in-memory store for oidc-provider with the semantics of its own MemoryAdapter, but without
 * that one's limit of 1,000 entries (it would evict consumed tokens, and so miss their reuse) and
 * with constant cost per write (it walks all tokens of a grant each time).
 * @returns {(model: string) => MapAdapter}
 */
export function createMapAdapter() {
  const store = { artifacts: new Map(), grants: new Map(), uids: new Map(), userCodes: new Map() };
  return (model) => new MapAdapter(model, store);
}

/**
 * @typedef {{ artifacts: Map<string, { payload: any, expiresAt: number }>,
 *   grants: Map<string, Set<string>>, uids: Map<string, string>, userCodes: Map<string, string> }} Store
 */
class MapAdapter {
  #model;
  #store;

  /**
   * @param {string} model
   * @param {Store} store
   */
  constructor(model, store) {
    this.#model = model;
    this.#store = store;
  }

  /**
   * @param {string} id
   * @param {Record<string, any>} payload
   * @param {number} [expiresIn] seconds
   */
  async upsert(id, payload, expiresIn) {
    const key = this.#key(id);
    const expiresAt = expiresIn === undefined ? Infinity : Date.now() + expiresIn * 1000;
    this.#store.artifacts.set(key, { payload, expiresAt });
    if (payload.uid !== undefined) this.#store.uids.set(payload.uid, id);
    if (payload.userCode !== undefined) this.#store.userCodes.set(payload.userCode, id);
    if (payload.grantId !== undefined) this.#membersOf(payload.grantId).add(key);
  }

  /** @param {string} id */
  async find(id) {
    const key = this.#key(id);
    const artifact = this.#store.artifacts.get(key);
    if (artifact === undefined) return undefined;
    if (artifact.expiresAt > Date.now()) return artifact.payload;
    this.#store.artifacts.delete(key);
    return undefined;
  }

  /** @param {string} uid */
  async findByUid(uid) {
    return this.find(this.#store.uids.get(uid) ?? '');
  }

  /** @param {string} userCode */
  async findByUserCode(userCode) {
    return this.find(this.#store.userCodes.get(userCode) ?? '');
  }

  /** @param {string} id */
  async consume(id) {
    const payload = await this.find(id);
    if (payload) payload.consumed = Math.floor(Date.now() / 1000);
  }

  /** @param {string} id */
  async destroy(id) {
    const key = this.#key(id);
    const grantId = this.#store.artifacts.get(key)?.payload.grantId;
    this.#store.artifacts.delete(key);
    this.#store.grants.get(grantId)?.delete(key);
  }

  /** @param {string} grantId */
  async revokeByGrantId(grantId) {
    for (const key of this.#store.grants.get(grantId) ?? []) this.#store.artifacts.delete(key);
    this.#store.grants.delete(grantId);
  }

  /** @param {string} id */
  #key(id) {
    return `${this.#model}:${id}`;
  }

  /** @param {string} grantId */
  #membersOf(grantId) {
    const members = this.#store.grants.get(grantId) ?? new Set();
    this.#store.grants.set(grantId, members);
    return members;
  }
}
