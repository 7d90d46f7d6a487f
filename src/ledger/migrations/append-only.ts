/** The trigger that refuses a change of what a table holds. */
export const appendOnly = (table: string, change: 'UPDATE' | 'DELETE'): string =>
  `CREATE TRIGGER ${table}_refuse_${change.toLowerCase()} BEFORE ${change} ON ${table}
   BEGIN SELECT RAISE(ABORT, '${table} is append-only'); END`;
