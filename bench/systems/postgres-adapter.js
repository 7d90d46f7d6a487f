// @ts-check
import pg from 'pg';
import { Artifacts, SCHEMA, STATEMENTS } from './artifacts.js';

/** Commits that wait for the disk at the same time share its writes. */
const CONNECTIONS_MAX = 32;

/**
 * A durable store for oidc-provider in PostgreSQL, with prepared statements.
 * @param {string} url
 * @returns {Promise<(model: string) => Artifacts>}
 */
export async function createPostgresAdapter(url) {
  const pool = new pg.Pool({ connectionString: url, max: CONNECTIONS_MAX });
  await pool.query(SCHEMA);
  const texts = new Map(
    Object.entries(STATEMENTS).map(([name, text]) => [name, numberedParameters(text)]),
  );
  /** @type {import('./artifacts.js').ArtifactDatabase['first']} */
  const first = async (name, values) => {
    const { rows } = await pool.query({ name, text: texts.get(name) ?? '', values: [...values] });
    return rows[0];
  };
  /** @type {import('./artifacts.js').ArtifactDatabase} */
  const database = { first, run: async (name, values) => void (await first(name, values)) };
  return (model) => new Artifacts(model, database);
}

/** @param {string} text */
function numberedParameters(text) {
  let number = 0;
  return text.replaceAll('?', () => `$${(number += 1)}`);
}
