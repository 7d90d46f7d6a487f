import { describe, expect, it } from '@jest/globals';
import { openPostgresVaultDatabase } from '../../src/vault/postgres-vault-database.js';
import { openPostgresVault, preparePostgresVault } from '../../src/vault/postgres-vault.js';
import type { VaultDatabase } from '../../src/vault/vault-database.js';
import { usePostgres } from '../support/postgres-of-file.js';
import { describeVaultContract, type VaultStore } from './vault-contract.js';
import { ask, databaseOf, newDatabaseUrl, newRoleUrl } from './postgres-fixtures.js';
import {
  ALICE,
  BOB,
  CLIENT,
  closedAfterTest,
  DIGEST,
  HASH,
  masterKeys,
  PROFILE,
} from './vault-fixtures.js';

const postgres = usePostgres();

const newUrl = () => newDatabaseUrl(postgres());
const newRole = (url: string, grants: string) => newRoleUrl(postgres(), url, grants);

async function postgresStore(): Promise<VaultStore> {
  const url = await newUrl();
  const { host, pathname } = new URL(url);
  return {
    name: `postgresql://${host}${pathname}`,
    open: (keys = masterKeys) => closedAfterTest(openPostgresVault(url, keys)),
    openScript: `await import('./vault/postgres-vault.js').then(({ openPostgresVault }) =>
      (keys) => openPostgresVault(${JSON.stringify(url)}, keys))`,
    bytes: () => bytesOf(url),
    tamper: async (statement) => {
      await ask(url, statement);
    },
    replaceProfile: async (subject, box) => {
      const hex = box.toString('hex');
      await ask(url, `UPDATE profiles SET sealed = '\\x${hex}' WHERE subject = '${subject}'`);
    },
    heldIds: (table, column) => ask(url, `SELECT ${column} FROM ${table} ORDER BY 1`),
  };
}

/** Every byte of the files of the vault's tables, their indices and what is stored beside them. */
async function bytesOf(url: string): Promise<Buffer> {
  await ask(url, 'CHECKPOINT');
  return Buffer.concat(
    await ask<Buffer>(
      url,
      `SELECT pg_read_binary_file(pg_relation_filepath(files.oid)) FROM pg_class tables
       LEFT JOIN pg_index ON indrelid = tables.oid
       JOIN pg_class files ON files.oid IN (tables.oid, indexrelid, tables.reltoastrelid)
       WHERE tables.relnamespace = 'vault'::regnamespace AND tables.relkind = 'r'`,
    ),
  );
}

describeVaultContract('PostgreSQL', postgresStore);

describe('the schema of a vault on PostgreSQL', () => {
  it('is what its entities describe', async () => {
    const { source } = await openPostgresVaultDatabase(await newUrl(), 'x', 5000);
    const { upQueries } = await source.driver.createSchemaBuilder().log();
    expect(upQueries.map(({ query }) => query)).toEqual([]);
    await source.destroy();
  });

  it('is nothing that other users of the database can read', async () => {
    const url = await newUrl();
    await closedAfterTest(openPostgresVault(url, masterKeys));
    const role = await newRole(url, '');
    await expect(ask(role, 'SELECT subject FROM vault.profiles')).rejects.toThrow(
      'permission denied for schema vault',
    );
  });

  it('may have been made empty for a user who may make none', async () => {
    const url = await newUrl();
    const role = await newRole(url, 'CREATE SCHEMA vault AUTHORIZATION $role');
    const vault = await closedAfterTest(openPostgresVault(role, masterKeys));
    await vault.putProfile(ALICE, PROFILE);
    expect(await vault.profile(ALICE)).toEqual(PROFILE);
  });

  it('lets a user work in it who may not make one', async () => {
    const url = await newUrl();
    await closedAfterTest(openPostgresVault(url, masterKeys));
    const role = await newRole(
      url,
      `GRANT USAGE ON SCHEMA vault TO $role;
       GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA vault TO $role`,
    );
    const vault = await closedAfterTest(openPostgresVault(role, masterKeys));
    await vault.putProfile(ALICE, PROFILE);
    expect(await vault.profile(ALICE)).toEqual(PROFILE);
    expect(await vault.erase(ALICE)).toBe(true);
  });
});

describe('the role that a vault on PostgreSQL is prepared for', () => {
  const prepared = async (): Promise<string> => {
    const url = await newUrl();
    const role = await newRole(url, '');
    await preparePostgresVault(url, new URL(role).username);
    return role;
  };

  it('does in it what a server does', async () => {
    const vault = await closedAfterTest(openPostgresVault(await prepared(), masterKeys));
    await vault.putSecretDigest('s_1', CLIENT, DIGEST);
    await vault.putPasswordHash('p_1', ALICE, HASH);
    await vault.putPrivateKey('k_1', Buffer.from('key'));
    for (const name of ['before', 'after']) await vault.putProfile(ALICE, { ...PROFILE, name });
    for (const range of ['10.0.0.0/8', '10.1.0.0/16']) await vault.putAddressRange('r_1', range);
    await vault.putNote('n_1', ALICE, 'a note');
    expect((await vault.profile(ALICE))?.name).toBe('after');
    expect(await vault.addressRange('r_1')).toBe('10.1.0.0/16');
    await vault.eraseAddressRange('r_1');
    expect(await vault.erase(ALICE)).toBe(true);
    expect(await vault.passwordHash('p_1')).toBeUndefined();
  });

  it.each([
    'UPDATE secret_digests SET sealed = sealed',
    'DELETE FROM secret_digests',
    'UPDATE private_keys SET sealed = sealed',
    'DELETE FROM private_keys',
    'UPDATE canaries SET sealed = sealed',
    'DELETE FROM canaries',
    'UPDATE password_hashes SET sealed = sealed',
    'UPDATE verdict_notes SET sealed = sealed',
    'DELETE FROM migrations',
    "INSERT INTO migrations (timestamp, name) VALUES (1, 'x')",
    'TRUNCATE profiles',
  ])('may not %s', async (statement) => {
    await expect(ask(await prepared(), statement)).rejects.toThrow('permission denied');
  });

  it('is prepared by any number of nodes at once', async () => {
    const url = await newUrl();
    const role = await newRole(url, '');
    const { username } = new URL(role);
    for (let round = 0; round < 3; round += 1) {
      await Promise.all(Array.from({ length: 8 }, () => preparePostgresVault(url, username)));
    }
    const vault = await closedAfterTest(openPostgresVault(role, masterKeys));
    expect(await vault.profile(ALICE)).toBeUndefined();
  });
});

describe('a connection of a vault on PostgreSQL', () => {
  it('waits neither long for a statement nor lets a transaction stand, and commits durably', async () => {
    const url = await newUrl();
    await postgres().run(
      'postgres',
      `ALTER DATABASE ${databaseOf(url)} SET synchronous_commit = off`,
    );
    const vault = await closedAfterTest(openPostgresVault(url, masterKeys));
    const { source } = (vault as unknown as { database: VaultDatabase }).database;
    const settings = await source.query<{ name: string; setting: string }[]>(
      `SELECT name, setting FROM pg_settings WHERE name IN ('statement_timeout',
         'idle_in_transaction_session_timeout', 'synchronous_commit', 'application_name')
       ORDER BY name`,
    );
    expect(settings.map(({ name, setting }) => [name, setting])).toEqual([
      ['application_name', 'token-ledger vault'],
      ['idle_in_transaction_session_timeout', '5000'],
      ['statement_timeout', '5000'],
      ['synchronous_commit', 'on'],
    ]);
  });

  it('is one of at most four', async () => {
    const url = await newUrl();
    const vault = await closedAfterTest(openPostgresVault(url, masterKeys));
    const names = Array.from({ length: 50 }, (_, index) => `k_${index}`);
    await Promise.all(names.map((name) => vault.putPrivateKey(name, Buffer.from(name))));
    const connections = await ask(
      url,
      `SELECT pid FROM pg_stat_activity
       WHERE application_name = 'token-ledger vault' AND datname = current_database()`,
    );
    expect(connections).toHaveLength(4);
  });
});

describe('a box erased on PostgreSQL', () => {
  it('is gone from the files when its table has been written anew', async () => {
    const url = await newUrl();
    const vault = await closedAfterTest(openPostgresVault(url, masterKeys));
    await vault.putProfile(ALICE, PROFILE);
    await vault.putProfile(BOB, PROFILE);
    const [box = Buffer.alloc(0)] = await ask<Buffer>(
      url,
      `SELECT sealed FROM profiles WHERE subject = '${ALICE}'`,
    );
    const trace = box.subarray(3, 35);
    expect((await bytesOf(url)).includes(trace)).toBe(true);
    await vault.erase(ALICE);
    await ask(url, 'VACUUM FULL profiles');
    expect((await bytesOf(url)).includes(trace)).toBe(false);
    expect(await vault.profile(BOB)).toEqual(PROFILE);
  });

  it('is worth a visit of autovacuum, be it the only one', async () => {
    const url = await newUrl();
    await closedAfterTest(openPostgresVault(url, masterKeys));
    const eager = ['autovacuum_vacuum_scale_factor=0', 'autovacuum_vacuum_threshold=0'];
    const tables = await ask<string>(
      url,
      `SELECT main.relname FROM pg_class main JOIN pg_class toast ON toast.oid = main.reltoastrelid
       WHERE main.relnamespace = 'vault'::regnamespace
         AND main.reloptions @> '{${eager.join()}}' AND toast.reloptions @> '{${eager.join()}}'
       ORDER BY 1`,
    );
    expect(tables).toEqual(['address_ranges', 'password_hashes', 'profiles', 'verdict_notes']);
  });
});
