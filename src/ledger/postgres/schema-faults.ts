import { APPEND_ONLY_TABLES } from '../migrations/postgres-1763856000000-create-ledger.js';
import { madeFunctions, madeTables, type MadeTable, madeTriggers } from './made-schema.js';
import type { NamedStatement, PostgresConnections } from './postgres-connection.js';

/** Two functions of one name are one that is not as it was made. */
const FUNCTIONS: NamedStatement = {
  name: 'verify.functions',
  text: `SELECT p.proname, string_agg(p.prosrc, '; ' ORDER BY p.oid), bool_or(p.prosecdef),
      string_agg(DISTINCT array_to_string(
        ARRAY(SELECT s COLLATE "C" FROM unnest(p.proconfig) AS s ORDER BY 1), '; '), '; ')
    FROM pg_catalog.pg_proc p JOIN pg_catalog.pg_namespace n ON n.oid = p.pronamespace
    WHERE n.nspname = 'ledger' GROUP BY p.proname ORDER BY p.proname`,
};
type FunctionRow = readonly [name: string, body: string, isDefiner: boolean, settings: string];

/** A partition is a part of its table; TypeORM keeps its own table. */
const COLUMNS: NamedStatement = {
  name: 'verify.columns',
  text: `SELECT c.relname, c.relkind IN ('r', 'p'), string_agg(format('%s %s%s%s%s', a.attname,
      pg_catalog.format_type(a.atttypid, a.atttypmod), ' COLLATE ' || k.collname,
      CASE WHEN a.attnotnull THEN ' NOT NULL' END,
      ' DEFAULT ' || pg_catalog.pg_get_expr(d.adbin, d.adrelid)), ', ' ORDER BY a.attnum)
    FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
    LEFT JOIN pg_catalog.pg_attribute a
      ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
    LEFT JOIN pg_catalog.pg_collation k ON k.oid = a.attcollation AND k.collname <> 'default'
    LEFT JOIN pg_catalog.pg_attrdef d ON d.adrelid = c.oid AND d.adnum = a.attnum
    WHERE n.nspname = 'ledger' AND c.relkind NOT IN ('i', 'I', 'S', 't', 'c')
      AND NOT c.relispartition AND c.relname <> 'migrations'
    GROUP BY c.oid ORDER BY c.relname`,
};

/** Every table with its partitions, which may be in another schema. */
const WITH_PARTITIONS = `WITH RECURSIVE found(oid, whole, is_partition) AS (
    SELECT c.oid, c.relname::text, false
    FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
    WHERE n.nspname = 'ledger' AND c.relkind IN ('r', 'p', 'f') AND NOT c.relispartition
    UNION
    SELECT i.inhrelid, f.whole, true
    FROM found f JOIN pg_catalog.pg_inherits i ON i.inhparent = f.oid
  ), relations AS (
    SELECT f.*, concat(nullif(n.nspname, 'ledger') || '.', c.relname) AS name
    FROM found f JOIN pg_catalog.pg_class c ON c.oid = f.oid
    JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace)`;

const RELATIONS: NamedStatement = {
  name: 'verify.relations',
  text: `${WITH_PARTITIONS}
    SELECT r.name, r.is_partition, r.whole, c.relpersistence <> 'p',
      c.relrowsecurity OR c.relforcerowsecurity,
      (SELECT string_agg(a.attname, ', ' ORDER BY k.place) FROM pg_catalog.pg_index i
       CROSS JOIN LATERAL unnest(i.indkey) WITH ORDINALITY AS k(number, place)
       JOIN pg_catalog.pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = k.number
       WHERE i.indrelid = c.oid AND i.indisprimary AND i.indisvalid AND k.place <= i.indnkeyatts),
      ARRAY(SELECT w.rulename::text FROM pg_catalog.pg_rewrite w WHERE w.ev_class = c.oid
       ORDER BY w.rulename)
    FROM relations r JOIN pg_catalog.pg_class c ON c.oid = r.oid ORDER BY r.is_partition, r.name`,
};
type RelationRow = readonly [
  name: string,
  isPartition: boolean,
  whole: string,
  isUnlogged: boolean,
  hasRowSecurity: boolean,
  primaryKey: string | null,
  rules: readonly string[],
];

/** A table, or a partition of one. */
interface Relation {
  readonly name: string;
  readonly isPartition: boolean;
  /** The table that it is a partition of, or itself. */
  readonly whole: string;
  readonly isUnlogged: boolean;
  readonly hasRowSecurity: boolean;
  readonly primaryKey: string | undefined;
  readonly rules: readonly string[];
}

/** 58: before a statement that updates, deletes or truncates. */
const TRIGGERS: NamedStatement = {
  name: 'verify.triggers',
  text: `${WITH_PARTITIONS}
    SELECT t.tgname, r.name, r.is_partition, t.tgtype = 58 AND t.tgqual IS NULL
        AND t.tgattr::text = '' AND p.proname = 'refuse_change' AND n.nspname = 'ledger',
      t.tgenabled IN ('O', 'A')
    FROM relations r JOIN pg_catalog.pg_trigger t ON t.tgrelid = r.oid AND NOT t.tgisinternal
    JOIN pg_catalog.pg_proc p ON p.oid = t.tgfoid
    JOIN pg_catalog.pg_namespace n ON n.oid = p.pronamespace ORDER BY t.tgname, r.name`,
};
type TriggerRow = readonly [
  name: string,
  table: string,
  isPartition: boolean,
  refusesChanges: boolean,
  alwaysFires: boolean,
];

interface Trigger {
  readonly name: string;
  readonly table: string;
  readonly isPartition: boolean;
  readonly refusesChanges: boolean;
  readonly alwaysFires: boolean;
}

/**
 * How the tables with their columns, functions and triggers of a ledger differ from what its migrations
 * made, and what else an owner can do so that they refuse no changes: a trigger that refuses nothing has
 * the right name too.
 */
export async function schemaFaults(connections: PostgresConnections): Promise<string[]> {
  const functions = await connections.rows<FunctionRow>(FUNCTIONS, []);
  const columns = await connections.rows<[string, boolean, string]>(COLUMNS, []);
  const columnsOf = (isTable: boolean): ReadonlyMap<string, string> =>
    new Map(columns.flatMap(([name, is, text]) => (is === isTable ? [[name, text]] : [])));
  const triggers = (await connections.rows<TriggerRow>(TRIGGERS, [])).map(triggerOf);
  const relations = (await connections.rows<RelationRow>(RELATIONS, [])).map(relationOf);
  const tables = madeTables();
  return [
    ...differences('table', textsOf(tables, 'columns'), columnsOf(true)),
    ...differences('view', new Map(), columnsOf(false)),
    ...functionFaults(functions),
    ...triggerFaults(triggers),
    ...unguardedPartitions(relations, triggers),
    ...keyFaults(tables, relations),
    ...relations.flatMap(relationFaults),
  ];
}

function triggerOf([name, table, isPartition, refusesChanges, alwaysFires]: TriggerRow): Trigger {
  return { name, table, isPartition, refusesChanges, alwaysFires };
}

function relationOf([name, isPartition, whole, ...rest]: RelationRow): Relation {
  const [isUnlogged, hasRowSecurity, primaryKey, rules] = rest;
  return {
    name,
    isPartition,
    whole,
    isUnlogged,
    hasRowSecurity,
    primaryKey: primaryKey ?? undefined,
    rules,
  };
}

function differences(
  what: string,
  made: ReadonlyMap<string, string>,
  found: ReadonlyMap<string, string>,
): string[] {
  const lost = [...made.keys()].filter((name) => !found.has(name));
  const others = [...found].filter(([name, text]) => made.get(name) !== text);
  return [
    ...lost.map((name) => `the ${what} ${name} is missing`),
    ...others.map(([name]) =>
      made.has(name)
        ? `the ${what} ${name} is not as it was made`
        : `the ${what} ${name} is none of the ledger's`,
    ),
  ];
}

function textsOf<Key extends string>(
  made: ReadonlyMap<string, Readonly<Record<Key, string>>>,
  key: Key,
): ReadonlyMap<string, string> {
  return new Map([...made].map(([name, texts]) => [name, texts[key]]));
}

function functionFaults(found: readonly FunctionRow[]): string[] {
  const made = madeFunctions();
  const bodies = new Map(found.map(([name, body]) => [name, body]));
  return [
    ...differences('function', textsOf(made, 'body'), bodies),
    ...found.flatMap(([name, , isDefiner, settings]) => {
      const known = made.get(name);
      if (known === undefined) return [];
      return [
        ...(isDefiner ? [`the function ${name} runs with the rights of its owner`] : []),
        ...(settings === known.settings
          ? []
          : [`the function ${name} has other settings than it was made with`]),
      ];
    }),
  ];
}

/** A partition may have a trigger of its own that refuses changes, and no other one. */
function triggerFaults(triggers: readonly Trigger[]): string[] {
  const made = madeTriggers();
  const isMade = ({ name, table, isPartition }: Trigger) =>
    !isPartition && made.get(name) === table;
  const found = triggers
    .filter(({ isPartition, refusesChanges }) => !isPartition || !refusesChanges)
    .map((trigger): [string, string] => {
      const { name, table, refusesChanges } = trigger;
      if (!isMade(trigger)) return [`${name} of the table ${table}`, ''];
      return [name, refusesChanges ? table : 'of another kind'];
    });
  const silent = triggers.filter((trigger) => isMade(trigger) && !trigger.alwaysFires);
  return [
    ...differences('trigger', made, new Map(found)),
    ...silent.map(({ name }) => `the trigger ${name} does not always fire`),
  ];
}

/** What names a partition itself never meets the trigger of its table. */
function unguardedPartitions(
  relations: readonly Relation[],
  triggers: readonly Trigger[],
): string[] {
  const appendOnly: ReadonlySet<string> = new Set(APPEND_ONLY_TABLES);
  const guards = triggers.filter(
    ({ refusesChanges, alwaysFires }) => refusesChanges && alwaysFires,
  );
  const guarded = new Set(guards.map(({ table }) => table));
  return relations
    .filter(({ isPartition, whole }) => isPartition && appendOnly.has(whole))
    .filter(({ name }) => !guarded.has(name))
    .map(({ name }) => `the partition ${name} has no trigger that refuses changes`);
}

/** The keys of partitions are those of their table. */
function keyFaults(made: ReadonlyMap<string, MadeTable>, relations: readonly Relation[]): string[] {
  const tables = relations.filter(({ name, isPartition }) => !isPartition && made.has(name));
  const present = new Set(tables.map(({ name }) => name));
  return differences(
    'primary key of the table',
    new Map([...textsOf(made, 'primaryKey')].filter(([name]) => present.has(name))),
    new Map(
      tables.flatMap(({ name, primaryKey }) =>
        primaryKey === undefined ? [] : [[name, primaryKey]],
      ),
    ),
  );
}

/** What an owner can add to a table so that changes pass, rows are hidden or a crash loses them. */
function relationFaults({
  name,
  isPartition,
  isUnlogged,
  hasRowSecurity,
  rules,
}: Relation): string[] {
  const called = `the ${isPartition ? 'partition' : 'table'} ${name}`;
  return [
    ...rules.map((rule) => `the rule ${rule} of ${called} is none of the ledger's`),
    ...(hasRowSecurity ? [`${called} has row level security, which can hide rows`] : []),
    ...(isUnlogged ? [`${called} is unlogged: a crash of the database empties it`] : []),
  ];
}
