import type Database from 'better-sqlite3';
import { BoundedMap } from '../../config/bounded-map.js';
import type { Position } from '../../domain/identifiers.js';
import type { PageRequest, ViewPage } from '../views.port.js';

type Value = string | number;

/** A condition in SQL on the columns of one table. */
export interface Condition {
  readonly sql: string;
  readonly parameters: readonly Value[];
}

/**
 * A condition that rows must meet. One that has an index is met by the rows of one `alternative`
 * after the other, each of which compares the index's column with one value.
 */
export interface ScanCondition extends Condition {
  readonly index?: { readonly name: string; readonly alternatives: readonly Condition[] };
}

/** A table whose rows are keyed by a position. */
export interface ScannedTable {
  readonly name: string;
  readonly key: string;
}

/** A condition that a column has this value, which an index may find. */
export function equals(column: string, value: Value, indexName?: string): ScanCondition {
  return anyOf(column, [value], indexName);
}

/** A condition that a column has one of these values. */
export function anyOf(column: string, values: readonly Value[], indexName?: string): ScanCondition {
  const alternatives = values.map((value) => ({ sql: `${column} = ?`, parameters: [value] }));
  const condition = either(alternatives);
  return indexName === undefined
    ? condition
    : { ...condition, index: { name: indexName, alternatives } };
}

function either(conditions: readonly Condition[]): Condition {
  return {
    sql: `(${conditions.map(({ sql }) => sql).join(' OR ')})`,
    parameters: conditions.flatMap(({ parameters }) => parameters),
  };
}

/** So many rows of an index tell it from a better one. */
const PROBED_ROWS_MAX = 1000;
const STATEMENTS_MAX = 200;

/** What a scan found: the keys of the rows, and how far it came. */
export type FoundKeys = ViewPage<Position>;

/**
 * Finds rows by walking one index in the order of positions, and looks at no more rows of it than it
 * may. Which index has the fewest rows for these conditions in this range is found out each time.
 */
export class IndexScan {
  private readonly statements = new BoundedMap<string, Database.Statement<Value[]>>(STATEMENTS_MAX);

  constructor(
    private readonly handle: Database.Database,
    private readonly table: ScannedTable,
  ) {}

  /** The positions of the rows that meet all conditions, from `from` to `upTo` and beyond `after`. */
  find(
    conditions: readonly ScanCondition[],
    upTo: Position,
    { order, limit, after = null, from = 0, rowsScannedMax }: PageRequest,
  ): FoundKeys {
    const isAscending = order === 'oldest_first';
    const low = isAscending && after !== null ? Math.max(from, after + 1) : from;
    const high = !isAscending && after !== null ? Math.min(upTo, after - 1) : upTo;
    const driving = this.mostSelective(conditions, low, high);
    const rest = conditions.filter((condition) => condition !== driving);
    const { sql, parameters } = this.walk(driving, rest, isAscending, low, high);
    const rows = this.statement(sql)
      .raw()
      .iterate(...parameters, rowsScannedMax + 1);
    return take(rows as Iterable<[Position, number]>, limit, rowsScannedMax);
  }

  /** The plan of a scan, as SQLite explains it. */
  private walk(
    driving: ScanCondition | undefined,
    rest: readonly ScanCondition[],
    isAscending: boolean,
    low: Position,
    high: Position,
  ): Condition {
    const { name, key } = this.table;
    const matches = rest.map(({ sql }) => sql).join(' AND ') || '1';
    const residual = rest.flatMap(({ parameters }) => parameters);
    const index = driving?.index;
    const source = index === undefined ? name : `${name} INDEXED BY ${index.name}`;
    const branches = (index?.alternatives ?? [{ sql: '1', parameters: [] }]).map((alternative) => ({
      sql: `SELECT ${key} AS position, ${matches} AS matches FROM ${source}
        WHERE ${alternative.sql} AND ${key} BETWEEN ? AND ?`,
      parameters: [...residual, ...alternative.parameters, low, high],
    }));
    return {
      sql: `${branches.map(({ sql }) => sql).join(' UNION ALL ')}
        ORDER BY position ${isAscending ? 'ASC' : 'DESC'} LIMIT ?`,
      parameters: branches.flatMap(({ parameters }) => parameters),
    };
  }

  private mostSelective(
    conditions: readonly ScanCondition[],
    low: Position,
    high: Position,
  ): ScanCondition | undefined {
    const indexed = conditions.filter(({ index }) => index !== undefined);
    if (indexed.length < 2) return indexed[0];
    const probed = indexed.map((condition) => ({
      condition,
      rows: this.probe(condition, low, high),
    }));
    return probed.reduce((best, one) => (one.rows < best.rows ? one : best)).condition;
  }

  /** How many rows of its index a condition has in a range, counted up to a bound. */
  private probe({ index }: ScanCondition, low: Position, high: Position): number {
    const { name, key } = this.table;
    return (index?.alternatives ?? []).reduce((sum, { sql, parameters }) => {
      const counted = this.statement(
        `SELECT count(*) FROM (SELECT 1 FROM ${name} INDEXED BY ${index?.name}
           WHERE ${sql} AND ${key} BETWEEN ? AND ? LIMIT ${PROBED_ROWS_MAX})`,
      );
      const [rows] = counted.raw().get(...parameters, low, high) as [number];
      return sum + rows;
    }, 0);
  }

  private statement(sql: string): Database.Statement<Value[]> {
    const known = this.statements.get(sql);
    if (known !== undefined) return known;
    const statement = this.handle.prepare<Value[]>(sql);
    this.statements.set(sql, statement);
    return statement;
  }
}

function take(
  rows: Iterable<readonly [Position, number]>,
  limit: number,
  rowsScannedMax: number,
): FoundKeys {
  const found: Position[] = [];
  let rowsScanned = 0;
  let last: Position | null = null;
  for (const [position, matches] of rows) {
    if (found.length === limit || rowsScanned === rowsScannedMax) {
      return { rows: found, next: last, rowsScanned };
    }
    rowsScanned += 1;
    last = position;
    if (matches === 1) found.push(position);
  }
  return { rows: found, next: null, rowsScanned };
}
