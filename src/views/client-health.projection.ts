import { hourOf } from './hours.js';
import type { AuditEventRow, HealthCount, HealthMeasure, ProjectedEvent } from './view-changes.js';

/** A retry before this is one of a client that sends twice; later, of one that lost an answer. In ms. */
const PROMPT_RETRY = 2000;

/** What a batch counts of each client by hour, for the client that the family was granted to. */
export function healthCounts(
  events: readonly ProjectedEvent[],
  rows: readonly AuditEventRow[],
): HealthCount[] {
  const counts = new Map<string, HealthCount>();
  for (const [index, event] of events.entries()) {
    const row = rows[index];
    if (row === undefined || row.clientId === null) continue;
    for (const measure of measuresOf(event)) {
      add(counts, row.clientId, row, measure, countOf(event));
    }
  }
  return [...counts.values()];
}

function measuresOf(event: ProjectedEvent): readonly HealthMeasure[] {
  switch (event.type) {
    case 'GrantRedeemed':
      return ['redeemed'];
    case 'RefreshTokenRotated': {
      const { age, token } = event.data;
      const isEarly = age < (token.expiresAt - token.issuedAt) / 2;
      return isEarly ? ['rotated', 'refreshed_early'] : ['rotated'];
    }
    case 'AccessTokenRefreshed':
      return ['refreshed'];
    case 'RefreshRetried': {
      const { age, otherParty } = event.data;
      const measure = age < PROMPT_RETRY ? 'retried_within_2_seconds' : 'retried_later';
      return otherParty === true ? [measure, 'retried_by_other_party'] : [measure];
    }
    case 'RefreshRejected':
      return [`rejected:${event.data.reason}`];
    case 'PresentationsCounted': {
      const { outcome, reason } = event.data;
      if (outcome === 'retried') return ['retried_at_unknown_age'];
      return reason === undefined ? [] : [`rejected:${reason}`];
    }
    case 'RefreshTokenReuseDetected':
      return ['reuse'];
    default:
      return [];
  }
}

function countOf(event: ProjectedEvent): number {
  return event.type === 'PresentationsCounted' ? event.data.count : 1;
}

function add(
  counts: Map<string, HealthCount>,
  clientId: string,
  { at, position }: AuditEventRow,
  measure: HealthMeasure,
  count: number,
): void {
  const hour = hourOf(at);
  const key = `${hour} ${measure} ${clientId}`;
  const known = counts.get(key);
  if (known === undefined) {
    const positions = { firstPosition: position, lastPosition: position };
    counts.set(key, { clientId, hour, measure, count, ...positions });
    return;
  }
  known.count += count;
  known.lastPosition = position;
}
