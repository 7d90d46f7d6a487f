import { hkdfSync } from 'node:crypto';
import { existsSync } from 'node:fs';
import type { Settings } from '../config/settings.js';
import { readOrCreateKeyFile } from './master-key-file.js';
import { isKeyId } from './key-id.js';
import type { MasterKeys } from './master-keys.port.js';
import { vaultFileOf } from './vault-file.js';
import { VaultError } from './vault.errors.js';

const KEY_BYTES = 32;

interface HeldKey {
  readonly key: Buffer;
  readonly derivedByPurpose: Map<string, Buffer>;
}

/** Master keys held in memory; what is derived from them is derived once. */
export class DerivedMasterKeys implements MasterKeys {
  readonly activeKeyId: string;
  readonly keyIds: readonly [string, ...string[]];
  readonly #keys = new Map<string, HeldKey>();

  /**
   * Takes 32-byte keys by key id ('1' to '65535'); the last one is active. `keyFileCreated` tells
   * that they were made just now. Throws a VaultError when there is none or one does not fit.
   */
  constructor(
    keys: ReadonlyMap<string, Buffer>,
    readonly keyFileCreated = false,
  ) {
    for (const [keyId, key] of keys) {
      if (!isKeyId(keyId)) throw new VaultError(`"${keyId}" is not the id of a master key`);
      if (key.length !== KEY_BYTES) throw new VaultError(`master key ${keyId} is not 32 bytes`);
      this.#keys.set(keyId, { key: Buffer.from(key), derivedByPurpose: new Map() });
    }
    const [activeKeyId, ...olderKeyIds] = [...keys.keys()].toReversed();
    if (activeKeyId === undefined) throw new VaultError('there is no master key');
    this.activeKeyId = activeKeyId;
    this.keyIds = [activeKeyId, ...olderKeyIds];
  }

  /** HKDF-SHA-256 (RFC 5869) without salt: 32 bytes for this purpose, not to be changed. */
  derive(keyId: string, purpose: string): Buffer | undefined {
    const held = this.#keys.get(keyId);
    if (held === undefined) return undefined;
    const kept = held.derivedByPurpose.get(purpose);
    if (kept !== undefined) return kept;
    const derived = Buffer.from(hkdfSync('sha256', held.key, Buffer.alloc(0), purpose, KEY_BYTES));
    held.derivedByPurpose.set(purpose, derived);
    return derived;
  }
}

/**
 * The master keys that the settings name: the key itself (it has id 1), or else the key file, which
 * is made on first start unless a vault exists already, as that needs the key that was lost. Throws a
 * VaultError of one line that names the file.
 */
export function loadMasterKeys(
  settings: Pick<Settings, 'masterKey' | 'masterKeyFile' | 'dataDirectory'>,
  // Asked before the file is read: whoever makes a vault has made its key file before.
  hasVault = existsSync(vaultFileOf(settings.dataDirectory)),
): DerivedMasterKeys {
  if (settings.masterKey !== undefined) {
    return new DerivedMasterKeys(new Map([['1', Buffer.from(settings.masterKey, 'base64url')]]));
  }
  const { keys, created } = readOrCreateKeyFile(settings.masterKeyFile, !hasVault);
  return new DerivedMasterKeys(keys, created);
}
