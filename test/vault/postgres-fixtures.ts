import pg from 'pg';
import type { PostgresServer } from '../support/postgres-server.js';

/** The URL of a new, empty database, as its owner. */
export async function newDatabaseUrl(server: PostgresServer): Promise<string> {
  return server.url(await server.createDatabase());
}

/** The name of the database of a URL. */
export function databaseOf(url: string): string {
  return new URL(url).pathname.slice(1);
}

/** The URL of a new user of that database, who may do what the statements `grants` say of `$role`. */
export async function newRoleUrl(
  server: PostgresServer,
  url: string,
  grants: string,
): Promise<string> {
  const role = { name: `role_of_${databaseOf(url)}`, password: 'of-the-role' };
  const statements = `CREATE ROLE $role LOGIN PASSWORD '${role.password}'; ${grants}`;
  await server.run(databaseOf(url), statements.replaceAll('$role', role.name));
  return server.url(databaseOf(url), role);
}

/** Runs a statement past every vault, in its schema, and answers with the first column of its rows. */
export async function ask<Value>(url: string, statement: string): Promise<readonly Value[]> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    await client.query('SET search_path = vault');
    const { rows } = await client.query<Value[]>({ text: statement, rowMode: 'array' });
    return rows.map(([value]) => value as Value);
  } finally {
    await client.end();
  }
}
