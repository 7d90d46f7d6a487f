import { hourOf } from './hours.js';
import type { ActivityCount, AuditEventRow } from './view-changes.js';

/** How many events of each type a batch has, by hour: of each client, and of the whole ledger. */
export function activityCounts(rows: readonly AuditEventRow[]): ActivityCount[] {
  const counts = new Map<string, ActivityCount>();
  for (const row of rows) {
    add(counts, '', row);
    if (row.clientId !== null) add(counts, row.clientId, row);
  }
  return [...counts.values()];
}

function add(
  counts: Map<string, ActivityCount>,
  clientId: string,
  { at, type }: AuditEventRow,
): void {
  const hour = hourOf(at);
  const key = `${hour} ${type} ${clientId}`;
  const known = counts.get(key);
  if (known === undefined) counts.set(key, { clientId, hour, type, count: 1 });
  else known.count += 1;
}
