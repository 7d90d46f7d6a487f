import type { MasterKeys } from './master-keys.port.js';
import { SealedBox } from './sealed-box.js';
import { vaultRows, type VaultDatabase } from './vault-database.js';
import { VaultError } from './vault.errors.js';

const PURPOSE = 'token-ledger/v1/vault-canary';
const CANARY = Buffer.from('token-ledger');

/**
 * Makes sure that these are the master keys the vault was written with: a known text, sealed under
 * each key that was ever active, must open. The active key gets one when it has none yet, and only from
 * those whose other keys are right: it would keep all others out. Throws a VaultError that names the
 * vault and the key id.
 */
export async function checkCanaries(
  database: VaultDatabase,
  masterKeys: MasterKeys,
): Promise<void> {
  const box = new SealedBox(masterKeys, PURPOSE);
  const keyId = masterKeys.activeKeyId;
  const keyIds = await openCanaries(database, masterKeys, box);
  if (keyIds.includes(keyId)) return;
  await vaultRows(database, 'canaries')
    .createQueryBuilder()
    .insert()
    .values({ keyId, sealed: box.seal(CANARY, contextOf(keyId)) })
    .orIgnore()
    .execute();
  // Another process may have made one at the same time.
  await openCanaries(database, masterKeys, box);
}

/** Opens all that there are, and answers with the ids of their keys. */
async function openCanaries(
  database: VaultDatabase,
  masterKeys: MasterKeys,
  box: SealedBox,
): Promise<readonly string[]> {
  const rows = await vaultRows(database, 'canaries').find();
  for (const row of rows) {
    if (box.open(row.sealed, contextOf(row.keyId))?.equals(CANARY) === true) continue;
    const why =
      masterKeys.derive(row.keyId, PURPOSE) === undefined
        ? `needs master key ${row.keyId}, which is not there`
        : `was written under a different master key with the id ${row.keyId}`;
    throw new VaultError(
      `the vault ${database.name} ${why}: start with the key that it was made with`,
    );
  }
  return rows.map(({ keyId }) => keyId);
}

function contextOf(keyId: string): string {
  return `canaries/${keyId}`;
}
