import {
  grantOf,
  type FamilyRecord,
  recordsOf,
  type RequestRecord,
} from './family-record.rules.js';
import {
  ageOf,
  type Consumption,
  consumptionOf,
  generationOf,
  holderOf,
  type Presentation,
  type PresentedFacts,
  presentedFacts,
} from './incident-presentation.rules.js';
import { type Likeness, likenessOf, othernessBetween } from './party.rules.js';

/** So long after a rotation the token that it consumed comes from a concurrent request. Milliseconds. */
export const CONCURRENT_WITHIN = 2_000;
/** So long after the retry window a lost response is still likely to be what is retried. Milliseconds. */
export const LOST_RESPONSE_BEYOND_WINDOW = 120_000;

/** Where an age stands beside the family's retry window. */
export interface Timing {
  readonly statement: 'inside_window' | 'just_beyond_window' | 'long_after_window';
  readonly age: number;
  readonly retryWindow: number;
}

/** Where the holder's path and the presenter's parted: the presented token was consumed. */
export interface Fork {
  readonly consumption: Consumption;
  readonly timing: Timing;
  /** What had used the successor of the presented token by then. */
  readonly successorUse: FamilyRecord<'RefreshTokenRotated'> | undefined;
  /** Presentations of the consumed token by the presenter, close to its rotation. */
  readonly together: readonly Presentation[];
  /** What the holder asked for after the fork. */
  readonly holderContinued: readonly RequestRecord[];
  /** What the presenter had asked for before the fork. */
  readonly presenterBefore: readonly RequestRecord[];
  /** Where the presenter used what the fork led to: it had that as well. */
  readonly presenterServed: readonly RequestRecord[];
}

/** All that bears on an incident, drawn from the events of its family. */
export interface IncidentScene {
  readonly presentation: Presentation;
  readonly presented: PresentedFacts;
  /** Whoever had what the token led to; undefined when the ledger does not know the family. */
  readonly holder: RequestRecord | undefined;
  /** Between holder and presenter; undefined where a client would be compared with a browser. */
  readonly likeness: Likeness | undefined;
  /** undefined: nothing had consumed what was presented. */
  readonly fork: Fork | undefined;
}

/** Draws the scene of an incident around the presentation that opened it. */
export function sceneOf(
  presentation: Presentation,
  records: readonly FamilyRecord[],
): IncidentScene {
  const consumption = consumptionOf(presentation, records);
  const holder = holderOf(presentation, records);
  const isBrowser = holder === undefined || holder.type === 'GrantIssued';
  return {
    presentation,
    presented: presentedFacts(presentation, consumption),
    holder,
    likeness: isBrowser ? undefined : likenessOf(holder, presentation),
    fork: consumption && forkOf(presentation, consumption, records),
  };
}

function forkOf(
  presentation: Presentation,
  consumption: Consumption,
  records: readonly FamilyRecord[],
): Fork {
  const { position: fork } = consumption;
  const requests = requestsIn(records);
  return {
    consumption,
    timing: timingOf(ageOf(presentation, consumption), records),
    successorUse: recordsOf(records, 'RefreshTokenRotated').find(
      ({ data, position }) =>
        position < presentation.position &&
        data.presentedGeneration === consumption.data.generation,
    ),
    together: presentedTogether(presentation, consumption, records),
    holderContinued: requests.filter(
      (one) => one.position > fork && isOnlyFrom(consumption, presentation, one),
    ),
    presenterBefore: requests.filter(
      (one) => one.position < fork && isOnlyFrom(presentation, consumption, one),
    ),
    presenterServed: recordsOf(records, 'RefreshTokenRotated', 'AccessTokenRefreshed').filter(
      (one) => one.position > fork && isOnlyFrom(presentation, consumption, one),
    ),
  };
}

/**
 * Those of the records that a client asked for. A grant is no such: there it is a person's browser that
 * the request comes from.
 */
export function requestsIn(records: readonly FamilyRecord[]): readonly RequestRecord[] {
  return recordsOf(
    records,
    'GrantRedeemed',
    'RefreshTokenRotated',
    'AccessTokenRefreshed',
    'RefreshRetried',
    'RefreshRejected',
    'RefreshTokenReuseDetected',
    'LedgerRollbackSuspected',
  );
}

/** Whether a request came from the party of `own`, and not from that of `other`. */
function isOnlyFrom(own: RequestRecord, other: RequestRecord, request: RequestRecord): boolean {
  return othernessBetween(own, request) === 'same' && othernessBetween(other, request) !== 'same';
}

function timingOf(age: number, records: readonly FamilyRecord[]): Timing {
  const { retryWindow } = grantOf(records).data.policy;
  const measured = { age, retryWindow };
  if (age <= retryWindow) return { statement: 'inside_window', ...measured };
  return age <= retryWindow + LOST_RESPONSE_BEYOND_WINDOW
    ? { statement: 'just_beyond_window', ...measured }
    : { statement: 'long_after_window', ...measured };
}

function presentedTogether(
  presentation: Presentation,
  { recordedAt: consumedAt }: Consumption,
  records: readonly FamilyRecord[],
): readonly Presentation[] {
  const generation = generationOf(presentation);
  return recordsOf(
    records,
    'RefreshRetried',
    'RefreshRejected',
    'RefreshTokenReuseDetected',
  ).filter(
    (one) =>
      generationOf(one) === generation &&
      one.data.receivedAt - consumedAt <= CONCURRENT_WITHIN &&
      (one === presentation || othernessBetween(presentation, one) === 'same'),
  );
}
