import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { openPostgresSource } from '../../src/ledger/postgres/postgres-ledger.source.js';
import { verifyLedger } from '../../src/ledger/verification/verify-ledger.js';
import { append, clientRegistered } from '../support/ledger-executions.js';
import { EVENTS_IN_PARTITIONS } from '../support/ledger-partitions.js';
import { openPostgresStore, type PostgresLedgerStore } from '../support/ledger-postgres.js';
import { usePostgres } from '../support/postgres-of-file.js';

const server = usePostgres();
let store: PostgresLedgerStore;

beforeEach(async () => {
  store = await openPostgresStore(server());
  await append(store.ledger, 'client', 'web', [clientRegistered('Web')]);
});

afterEach(async () => {
  await store.remove();
});

async function problems(): Promise<readonly string[]> {
  const source = await openPostgresSource(store.url);
  try {
    const { problems: found } = await verifyLedger(source);
    return found.map(({ problem }) => problem);
  } finally {
    await source.close();
  }
}

/** A trigger that refuses all changes of a partition, or only some of them. */
const partitionTrigger = (table: string, events = 'UPDATE OR DELETE OR TRUNCATE', condition = '') =>
  `CREATE TRIGGER refuse BEFORE ${events} ON ${table}
   FOR EACH STATEMENT ${condition} EXECUTE FUNCTION ledger.refuse_change()`;
const NEXT_PARTITION = `CREATE TABLE ledger.events_1 PARTITION OF ledger.events
  FOR VALUES FROM (100000000) TO (200000000)`;

describe('a verification names a schema that its owner has weakened:', () => {
  it.each<[string, change: string, faults: readonly string[]]>([
    [
      'a trigger that fires for replication alone',
      'ALTER TABLE ledger.events ENABLE REPLICA TRIGGER events_refuse_change',
      ['the trigger events_refuse_change does not always fire'],
    ],
    [
      'a trigger with a condition',
      `DROP TRIGGER tiles_refuse_change ON ledger.tiles;
       CREATE TRIGGER tiles_refuse_change BEFORE UPDATE OR DELETE OR TRUNCATE ON ledger.tiles
       FOR EACH STATEMENT WHEN (false) EXECUTE FUNCTION ledger.refuse_change()`,
      ['the trigger tiles_refuse_change is not as it was made'],
    ],
    [
      'a trigger of one column',
      `DROP TRIGGER logs_refuse_change ON ledger.logs;
       CREATE TRIGGER logs_refuse_change BEFORE UPDATE OF open OR DELETE OR TRUNCATE ON ledger.logs
       FOR EACH STATEMENT EXECUTE FUNCTION ledger.refuse_change()`,
      ['the trigger logs_refuse_change is not as it was made'],
    ],
    [
      'a trigger that has the name of another table’s',
      `CREATE TRIGGER events_refuse_change BEFORE INSERT ON ledger.streams
       FOR EACH STATEMENT EXECUTE FUNCTION ledger.refuse_change()`,
      ["the trigger events_refuse_change of the table streams is none of the ledger's"],
    ],
    [
      'a rule',
      'CREATE RULE silent AS ON INSERT TO ledger.origins DO INSTEAD NOTHING',
      ["the rule silent of the table origins is none of the ledger's"],
    ],
    [
      'row level security',
      'ALTER TABLE ledger.checkpoints ENABLE ROW LEVEL SECURITY',
      ['the table checkpoints has row level security, which can hide rows'],
    ],
    [
      'row level security that is forced',
      'ALTER TABLE ledger.migrations FORCE ROW LEVEL SECURITY',
      ['the table migrations has row level security, which can hide rows'],
    ],
    [
      'an append with the rights of its owner',
      'ALTER FUNCTION ledger.append SECURITY DEFINER',
      ['the function append runs with the rights of its owner'],
    ],
    [
      'a seal without its settings',
      'ALTER FUNCTION ledger.seal RESET search_path',
      ['the function seal has other settings than it was made with'],
    ],
    [
      'an append with other settings',
      'ALTER FUNCTION ledger.append SET search_path = public, pg_catalog',
      ['the function append has other settings than it was made with'],
    ],
    [
      'a refusal with a setting',
      "ALTER FUNCTION ledger.refuse_change SET session_replication_role = 'replica'",
      ['the function refuse_change has other settings than it was made with'],
    ],
    [
      'a seal with another body',
      `CREATE OR REPLACE FUNCTION ledger.seal(
         of_log integer, base_epoch integer, base_size bigint, levels integer[], indexes bigint[],
         full_hashes bytea[], at_epoch integer, at_size bigint, at_root bytea, at_note text,
         at_time bigint
       ) RETURNS boolean LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp
       AS $$ BEGIN RETURN true; END $$`,
      ['the function seal is not as it was made'],
    ],
    [
      'a second function of a name',
      `CREATE FUNCTION ledger.refuse_change(integer) RETURNS integer
       LANGUAGE sql AS 'SELECT 1'`,
      ['the function refuse_change is not as it was made'],
    ],
    [
      'a primary key that is gone',
      'ALTER TABLE ledger.origins DROP CONSTRAINT origins_pkey',
      ['the primary key of the table origins is missing'],
    ],
    [
      'a primary key of other columns',
      `ALTER TABLE ledger.events DROP CONSTRAINT events_pkey,
         ADD PRIMARY KEY (log_id, position, stream_id)`,
      ['the primary key of the table events is not as it was made'],
    ],
    [
      'a primary key in another order',
      'ALTER TABLE ledger.streams DROP CONSTRAINT streams_pkey, ADD PRIMARY KEY (log_id, stream_id)',
      ['the primary key of the table streams is not as it was made'],
    ],
    [
      'a table that a crash empties',
      'ALTER TABLE ledger.events SET UNLOGGED',
      ['the table events is unlogged: a crash of the database empties it'],
    ],
    [
      'a partition without a trigger',
      `${EVENTS_IN_PARTITIONS}; ${NEXT_PARTITION}`,
      ['the partition events_1 has no trigger that refuses changes'],
    ],
    [
      'a partition whose trigger is off',
      `${EVENTS_IN_PARTITIONS}; ${NEXT_PARTITION}; ${partitionTrigger('ledger.events_1')};
       ALTER TABLE ledger.events_1 DISABLE TRIGGER refuse`,
      ['the partition events_1 has no trigger that refuses changes'],
    ],
    [
      'a partition whose trigger refuses too little',
      `${EVENTS_IN_PARTITIONS}; ${NEXT_PARTITION}; ${partitionTrigger('ledger.events_1', 'UPDATE')}`,
      [
        "the trigger refuse of the table events_1 is none of the ledger's",
        'the partition events_1 has no trigger that refuses changes',
      ],
    ],
    [
      'a partition in another schema',
      `${EVENTS_IN_PARTITIONS};
       CREATE TABLE public.events_1 PARTITION OF ledger.events FOR VALUES FROM (100000000) TO (200000000)`,
      ['the partition public.events_1 has no trigger that refuses changes'],
    ],
    [
      'a partition of a partition',
      `${EVENTS_IN_PARTITIONS}; ${NEXT_PARTITION} PARTITION BY RANGE (position);
       ${partitionTrigger('ledger.events_1')};
       CREATE TABLE ledger.events_1a PARTITION OF ledger.events_1
         FOR VALUES FROM (100000000) TO (100000001)`,
      ['the partition events_1a has no trigger that refuses changes'],
    ],
    [
      'a partition with everything wrong',
      `${EVENTS_IN_PARTITIONS}; ${NEXT_PARTITION}; ${partitionTrigger('ledger.events_1')};
       ALTER TABLE ledger.events_1 SET UNLOGGED, ENABLE ROW LEVEL SECURITY;
       CREATE RULE silent AS ON DELETE TO ledger.events_1 DO INSTEAD NOTHING`,
      [
        "the rule silent of the partition events_1 is none of the ledger's",
        'the partition events_1 has row level security, which can hide rows',
        'the partition events_1 is unlogged: a crash of the database empties it',
      ],
    ],
  ])('%s', async (_, change, faults) => {
    await store.query(change);
    expect(await problems()).toEqual(faults);
  });

  it('is content with triggers that fire in replication too, and settings in another order', async () => {
    await store.query(`ALTER TABLE ledger.events ENABLE ALWAYS TRIGGER events_refuse_change;
      ALTER FUNCTION ledger.append RESET search_path;
      ALTER FUNCTION ledger.append SET search_path = pg_catalog, pg_temp`);
    await store.expectIntact();
  });

  it('is content whatever the schemas are in which a role looks for names', async () => {
    await store.query('ALTER ROLE runtime SET search_path = ledger');
    try {
      await store.expectIntact();
    } finally {
      await store.query('ALTER ROLE runtime RESET search_path');
    }
  });

  it('is content with a second partition that is guarded', async () => {
    await store.query(`${EVENTS_IN_PARTITIONS}; ${NEXT_PARTITION};
      ${partitionTrigger('ledger.events_1')}`);
    await store.expectIntact();
  });
});
