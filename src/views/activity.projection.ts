import { hourOf } from './hours.js';
import type { ActivityCount, AuditEventRow } from './view-changes.js';

/** How many events of each type a batch has, by hour: of each client, and of the whole ledger. */
export function activityCounts(rows: readonly AuditEventRow[]): ActivityCount[] {
  const counts = new Map<string, ActivityCount>();
  for (const { at, type, clientId } of rows) {
    const hour = hourOf(at);
    addActivity(counts, { clientId: '', hour, type, count: 1 });
    if (clientId !== null) addActivity(counts, { clientId, hour, type, count: 1 });
  }
  return [...counts.values()];
}

/** Adds a count to the sums, which it may become part of. */
export function addActivity(sums: Map<string, ActivityCount>, added: ActivityCount): void {
  const key = `${added.hour} ${added.type} ${added.clientId}`;
  const sum = sums.get(key);
  if (sum === undefined) sums.set(key, added);
  else sum.count += added.count;
}
