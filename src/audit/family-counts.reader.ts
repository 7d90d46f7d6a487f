import type { z } from 'zod';
import type { Ledger } from '../ledger/ledger.port.js';
import type { ViewedFamily, ViewPage } from '../views/views.port.js';
import { blockedAt } from './blocked-families.reader.js';
import type { familyCountsAnswer } from './counts.answer.js';
import { idleExpiriesOf } from './idle-families.reader.js';
import { standingOf } from './listed-family.answer.js';
import type { ListingState } from './listing.reader.js';

/** Counts families of the views by what the list of families says of each in this state. */
export async function familyCountsOf(
  ledger: Ledger,
  { rows, next }: ViewPage<ViewedFamily>,
  { upTo, instant }: ListingState,
): Promise<z.infer<typeof familyCountsAnswer>> {
  const idle = await idleExpiriesOf(ledger, rows);
  const standings = rows.map((row) => ({
    row,
    status: standingOf(row, idle.get(row.familyId), instant).status,
  }));
  const goingOn = standings.filter(({ status }) => status === 'pending' || status === 'active');
  const blocked = await blockedAt(
    ledger,
    goingOn.map(({ row }) => row),
    upTo,
  );
  const counts = { pending: 0, active: 0, blocked: 0, expired: 0, revoked: 0 };
  for (const { row, status } of standings) {
    counts[blocked.has(row.createdPosition) ? 'blocked' : status] += 1;
  }
  return { ...counts, isComplete: next === null };
}
