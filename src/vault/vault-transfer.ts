import { isDeepStrictEqual } from 'node:util';
import { And, In, LessThanOrEqual, MoreThan, type Repository } from 'typeorm';
import type { Settings } from '../config/settings.js';
import { openPostgresVaultTables } from './postgres-vault.js';
import { holdVault } from './sqlite-vault.js';
import type { VaultDatabase } from './vault-database.js';
import { vaultErrorOf } from './vault.errors.js';

const ROWS_AT_ONCE = 500;

/** A row of any table of the vault: its columns, of which the first is its name. */
type AnyRow = Record<string, unknown>;

/** A vault that nobody can write, and the one on PostgreSQL that it is copied to. */
export interface VaultTransfer {
  /** Whether the other vault has no row at all. */
  isTargetEmpty(): Promise<boolean>;
  /**
   * Makes the rows of the other vault those of this one, sealed boxes as they are; a call that was cut
   * short is made again. Answers with how many rows had to be changed. Throws a VaultError.
   */
  run(): Promise<number>;
  close(): Promise<void>;
}

/**
 * Opens the vault in the data directory, which is held as it is, and the one on PostgreSQL as the role
 * that owns it, made if need be. No box is opened. Throws a VaultError of one line.
 */
export async function openVaultTransfer(
  settings: Pick<Settings, 'dataDirectory'>,
  ownerUrl: string,
): Promise<VaultTransfer> {
  const from = await holdVault(settings);
  try {
    const to = await openPostgresVaultTables(ownerUrl);
    return transferBetween(from, to);
  } catch (error) {
    await from.source.destroy();
    throw error;
  }
}

function transferBetween(from: VaultDatabase, to: VaultDatabase): VaultTransfer {
  const tables = from.source.entityMetadatas.map(({ name }) => name);
  const rows = (of: VaultDatabase, table: string) => of.source.getRepository<AnyRow>(table);
  return {
    isTargetEmpty: async () => {
      for (const table of tables) if (await rows(to, table).exists()) return false;
      return true;
    },
    run: async () => {
      let changed = 0;
      try {
        for (const table of tables) changed += await copyTable(rows(from, table), rows(to, table));
      } catch (error) {
        throw vaultErrorOf(error, to.name);
      }
      return changed;
    },
    close: async () => {
      await to.source.destroy();
      await from.source.destroy();
    },
  };
}

/** Both databases order names by their bytes, so that a page of the one is a range of the other. */
async function copyTable(from: Repository<AnyRow>, to: Repository<AnyRow>): Promise<number> {
  const name = from.metadata.primaryColumns[0]?.propertyName ?? '';
  const namesOf = (rows: readonly AnyRow[]) => rows.map((row) => String(row[name]));
  let changed = 0;
  let after = '';
  for (;;) {
    const rows = await from.find({
      where: { [name]: MoreThan(after) },
      order: { [name]: 'ASC' },
      take: ROWS_AT_ONCE,
    });
    const last = rows.length < ROWS_AT_ONCE ? undefined : namesOf(rows).at(-1);
    const range =
      last === undefined ? MoreThan(after) : And(MoreThan(after), LessThanOrEqual(last));
    const there = await to.find({ where: { [name]: range } });
    const known = new Map(there.map((row) => [row[name], row]));
    const others = rows.filter((row) => !isDeepStrictEqual(row, known.get(row[name])));
    const wanted = new Set(namesOf(rows));
    const surplus = namesOf(there).filter((one) => !wanted.has(one));
    if (others.length > 0) await to.upsert(others, [name]);
    if (surplus.length > 0) await to.delete({ [name]: In(surplus) });
    changed += others.length + surplus.length;
    if (last === undefined) return changed;
    after = last;
  }
}
