import type { RejectionReason } from '../domain/events/token-family.events.js';
import { hourOf } from './hours.js';
import type { AuditEventRow, HealthCount, HealthMeasure, ProjectedEvent } from './view-changes.js';

/** A retry before this is one of a client that sends twice; later, of one that lost an answer. In ms. */
const PROMPT_RETRY = 2000;

type Refreshed = Extract<ProjectedEvent, { type: 'RefreshTokenRotated' | 'AccessTokenRefreshed' }>;

/** As what a client's refresh with a token of another client is counted for the one that tried. */
export const FOREIGN_PRESENTATION: HealthMeasure = 'rejected:foreign_client';

/**
 * What a batch counts of each client by hour: for the client that the family was granted to, and where
 * another client presented its token, for that one too.
 */
export function healthCounts(rows: readonly AuditEventRow[]): HealthCount[] {
  const counts = new Map<string, HealthCount>();
  for (const row of rows) {
    const { clientId, presenterId } = row;
    for (const measure of row.measures ?? []) {
      if (clientId !== null) add(counts, clientId, row, measure);
    }
    if (presenterId !== null) add(counts, presenterId, row, FOREIGN_PRESENTATION);
  }
  return [...counts.values()];
}

/** What an event is counted as for the client that the family was granted to; null: as nothing. */
export function measuresOf(event: ProjectedEvent): readonly HealthMeasure[] | null {
  switch (event.type) {
    case 'GrantRedeemed':
      return ['redeemed'];
    case 'RefreshTokenRotated':
      return isEarly(event.data) ? ['rotated', 'refreshed_early'] : ['rotated'];
    case 'AccessTokenRefreshed':
      return isEarly(event.data) ? ['refreshed', 'refreshed_early'] : ['refreshed'];
    case 'RefreshRetried': {
      const { age, otherParty } = event.data;
      const measure = age < PROMPT_RETRY ? 'retried_within_2_seconds' : 'retried_later';
      return otherParty === true ? [measure, 'retried_by_other_party'] : [measure];
    }
    case 'RefreshRejected':
      return [rejectedAs(event.data.reason)];
    case 'PresentationsCounted': {
      const { outcome, reason } = event.data;
      if (outcome === 'retried') return ['retried_at_unknown_age'];
      return reason === undefined ? null : [rejectedAs(reason)];
    }
    case 'RefreshTokenReuseDetected':
      return ['reuse'];
    default:
      return null;
  }
}

/** Whether a refresh came when half of an access token was left. */
function isEarly({ age, token }: Pick<Refreshed['data'], 'age' | 'token'>): boolean {
  return age < (token.expiresAt - token.issuedAt) / 2;
}

/** The owner of a stolen token did not present it. */
function rejectedAs(reason: RejectionReason): HealthMeasure {
  return reason === 'foreign_client' ? 'presented_by_other_client' : `rejected:${reason}`;
}

function add(
  counts: Map<string, HealthCount>,
  clientId: string,
  { at, position, presentations: count }: AuditEventRow,
  measure: HealthMeasure,
): void {
  const positions = { firstPosition: position, lastPosition: position };
  addHealth(counts, { clientId, hour: hourOf(at), measure, count, ...positions });
}

/** Adds a count to the sums, which it may become part of; later events than theirs. */
export function addHealth(sums: Map<string, HealthCount>, added: HealthCount): void {
  const key = `${added.hour} ${added.measure} ${added.clientId}`;
  const sum = sums.get(key);
  if (sum === undefined) {
    sums.set(key, added);
    return;
  }
  sum.count += added.count;
  sum.lastPosition = added.lastPosition;
}
