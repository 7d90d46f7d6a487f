import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { RUNTIME_GRANTS } from '../../src/ledger/migrations/postgres-1763856000000-create-ledger.js';
import { openPostgresLedger } from '../../src/ledger/postgres/open-postgres-ledger.js';
import { count } from '../support/ledger-executions.js';
import {
  openPostgresStore,
  type PostgresLedgerStore,
  queryDatabase,
} from '../support/ledger-postgres.js';
import { usePostgres } from '../support/postgres-of-file.js';

const server = usePostgres();
let store: PostgresLedgerStore;

beforeEach(async () => {
  store = await openPostgresStore(server());
});

afterEach(async () => {
  await store.remove();
});

describe('a start with the URL of the owner', () => {
  const rights = () =>
    store.query<{ object: string; right: string }>(
      `SELECT object, a.privilege_type AS right FROM (
         SELECT relname::text AS object, relacl AS acl, relnamespace AS schema FROM pg_class
         UNION ALL SELECT proname, proacl, pronamespace FROM pg_proc
         UNION ALL SELECT nspname, nspacl, oid FROM pg_namespace
         UNION ALL SELECT c.relname || '.' || attname, attacl, c.relnamespace
           FROM pg_attribute JOIN pg_class c ON c.oid = attrelid) o
       CROSS JOIN LATERAL aclexplode(o.acl) a
       WHERE o.schema = 'ledger'::regnamespace AND a.grantee = 'runtime'::regrole ORDER BY 1, 2`,
    );
  const start = async (url = store.url) => {
    const ledger = await openPostgresLedger({ url, ownerUrl: store.ownerUrl });
    await ledger.close();
  };

  it('takes back every right that the role was given by hand', async () => {
    const made = await rights();
    expect(made.length).toBeGreaterThan(RUNTIME_GRANTS.length);
    await store.query(`GRANT ALL ON ALL TABLES IN SCHEMA ledger TO runtime WITH GRANT OPTION;
      GRANT UPDATE (body) ON ledger.events TO runtime;
      GRANT ALL ON ALL SEQUENCES IN SCHEMA ledger TO runtime;
      GRANT EXECUTE ON FUNCTION ledger.refuse_change TO runtime;
      GRANT CREATE ON SCHEMA ledger TO runtime`);
    await queryDatabase(store.url, 'GRANT SELECT ON ledger.events TO pg_monitor');
    expect(await rights()).not.toEqual(made);
    await start();
    expect(await rights()).toEqual(made);
    await expect(queryDatabase(store.url, 'TRUNCATE ledger.nodes')).rejects.toThrow('permission');
    await count(store.ledger, 'a');
    await store.expectIntact();
  });

  it('gives all rights or leaves them as they are', async () => {
    const others = async () => (await rights()).filter(({ object }) => object !== 'append');
    const made = await others();
    await store.query('ALTER FUNCTION ledger.append RENAME TO another');
    await expect(start()).rejects.toThrow('ledger.append');
    await store.query('ALTER FUNCTION ledger.another RENAME TO append');
    expect(await others()).toEqual(made);
    await count(store.ledger, 'a');
  });

  it('takes no right from a role that owns the tables', async () => {
    await start(store.ownerUrl);
    await store.query('ALTER TABLE ledger.streams OWNER TO runtime');
    await start();
    await queryDatabase(store.url, 'DELETE FROM ledger.streams WHERE false');
    await count(store.ledger, 'a');
    await store.query('ALTER TABLE ledger.streams OWNER TO owner');
  });
});
