// @ts-check
import { Artifacts, SCHEMA, STATEMENTS } from './artifacts.js';
import { openDurableSqlite } from './sqlite-file.js';

/**
 * A durable store for oidc-provider in one SQLite file.
 * @param {string} file
 * @returns {(model: string) => Artifacts}
 */
export function createSqliteAdapter(file) {
  const sqlite = openDurableSqlite(file);
  sqlite.exec(SCHEMA.replace('(model, id)\n);', '(model, id)\n) WITHOUT ROWID;'));
  const statements = new Map(
    Object.entries(STATEMENTS).map(([name, text]) => [name, sqlite.prepare(text)]),
  );
  /** @type {import('./artifacts.js').ArtifactDatabase} */
  const database = {
    run: (name, values) => void statements.get(name)?.run(...values),
    first: (name, values) =>
      /** @type {import('./artifacts.js').Row | undefined} */ (
        statements.get(name)?.get(...values)
      ),
  };
  return (model) => new Artifacts(model, database);
}
