import type { MasterKeys } from './master-keys.port.js';
import { SealedBox } from './sealed-box.js';
import { vaultRows, type VaultDatabase } from './vault-database.js';
import { VaultError } from './vault.errors.js';

const PURPOSE = 'token-ledger/v1/vault-canary';
const CANARY = Buffer.from('token-ledger');

/**
 * Makes sure that these are the master keys the vault was written with: a known text, sealed under
 * each key that was ever active, must open. The active key gets one when it has none yet. Throws a
 * VaultError that names the vault and the key id.
 */
export async function checkCanaries(
  database: VaultDatabase,
  masterKeys: MasterKeys,
): Promise<void> {
  const box = new SealedBox(masterKeys, PURPOSE);
  const keyId = masterKeys.activeKeyId;
  const canaries = vaultRows(database, 'canaries');
  if (!(await canaries.existsBy({ keyId }))) {
    await canaries
      .createQueryBuilder()
      .insert()
      .values({ keyId, sealed: box.seal(CANARY, contextOf(keyId)) })
      .orIgnore()
      .execute();
  }
  for (const row of await canaries.find()) {
    if (box.open(row.sealed, contextOf(row.keyId))?.equals(CANARY) === true) continue;
    const why =
      masterKeys.derive(row.keyId, PURPOSE) === undefined
        ? `needs master key ${row.keyId}, which is not there`
        : `was written under a different master key with the id ${row.keyId}`;
    throw new VaultError(
      `the vault ${database.name} ${why}: start with the key that it was made with`,
    );
  }
}

function contextOf(keyId: string): string {
  return `canaries/${keyId}`;
}
