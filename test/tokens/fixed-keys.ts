import type { SigningKeyState } from '../../src/domain/directory/directory.state.js';
import {
  generateSigningKey,
  SigningKeyRing,
  type GeneratedSigningKey,
} from '../../src/tokens/signing-key-ring.js';
import { DerivedMasterKeys } from '../../src/vault/master-keys.js';

/** Master keys that are always the same: bytes of one value each, by key id. */
export function masterKeysOf(fills: Readonly<Record<string, number>>): DerivedMasterKeys {
  return new DerivedMasterKeys(
    new Map(Object.entries(fills).map(([keyId, fill]) => [keyId, Buffer.alloc(32, fill)])),
  );
}

/** The state that the ledger would hold of a key. */
export function stateOf(
  key: GeneratedSigningKey,
  change: Partial<SigningKeyState> = {},
): SigningKeyState {
  const { keyId, algorithm, publicJwk } = key;
  return {
    keyId,
    algorithm,
    publicJwk,
    status: 'active',
    vaultId: `vault-${keyId}`,
    createdAt: 0,
    ...change,
  };
}

/** A ring with one new active key. */
export async function newRing(): Promise<{ ring: SigningKeyRing; keyId: string }> {
  const key = await generateSigningKey();
  const ring = new SigningKeyRing();
  ring.put(stateOf(key), key.privateKey);
  return { ring, keyId: key.keyId };
}
