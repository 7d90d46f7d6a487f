/**
 * The master key and what is derived from it. Nothing else knows the key itself.
 * `purpose` is the HKDF info, for example `token-ledger/v1/refresh/default`.
 */
export interface MasterKeys {
  /** The id of the key that new tokens are minted under: '1', '2', … */
  readonly activeKeyId: string;
  /** The ids of all keys, the active one first, then from the newest to the oldest. */
  readonly keyIds: readonly [string, ...string[]];
  /** 32 bytes derived with HKDF-SHA-256 for one purpose; undefined when the key id is unknown. */
  derive(keyId: string, purpose: string): Buffer | undefined;
}
