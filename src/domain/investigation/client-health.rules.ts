import type { RejectionReason } from '../events/token-family.events.js';

/** How often what happened to the codes and refresh tokens of one client in some span of time. */
export interface ClientCounters {
  /** Codes that were exchanged. */
  readonly redeemed: number;
  /** Refreshes that made a successor. */
  readonly rotated: number;
  /** Refreshes that did not (policy `fixed`). */
  readonly refreshed: number;
  /** Consumed tokens that came again inside the retry window, by the time since their rotation. */
  readonly retriedWithin2Seconds: number;
  readonly retriedLater: number;
  /** Those that were only counted. */
  readonly retriedAtUnknownAge: number;
  /** Those of the retries that came from another network and agent. */
  readonly retriedByOtherParty: number;
  /** Those of the refreshes that came when the access token was far from expiring. */
  readonly refreshedEarly: number;
  /** Those of the rejections that were by a slow twin, `stale_inside_window`. */
  readonly staleInsideWindow: number;
  /** Consumed tokens that killed their family. */
  readonly reuse: number;
  /** Its tokens that another client presented: no attempts of its own. */
  readonly presentedByOtherClient: number;
  /** Refusals of the genuine tokens that it presented, those above included. */
  readonly rejectedByReason: Readonly<Partial<Record<RejectionReason, number>>>;
}

/** How much a finding matters. */
export type Severity = 'notice' | 'warning' | 'critical';

/** What is wrong with how a client uses its tokens. */
export type HealthFinding =
  | 'races'
  | 'loses_responses'
  | 'shares_tokens'
  | 'refreshes_too_early'
  | 'presents_stale_tokens'
  | 'fails_to_authenticate'
  | 'presents_foreign_tokens'
  | 'leaks_tokens'
  | 'loses_its_key'
  | 'keeps_ended_tokens'
  | 'redeems_codes_late'
  | 'mismatches_codes'
  | 'asks_for_too_much'
  | 'calls_too_often';

/** A finding, how often it was seen, and what to do about it in one plain sentence. */
export interface ClientHealthFinding {
  readonly finding: HealthFinding;
  readonly severity: Severity;
  readonly count: number;
  /** Of the attempts that it is measured by, from 0 to 1. */
  readonly share: number;
  readonly advice: string;
}

/** A client with fewer attempts than this is not judged. */
export const ATTEMPTS_MIN = 50;
/** What was seen fewer times than this is chance, whatever its share. */
export const OCCURRENCES_MIN = 3;

/** From which share of its attempts on a finding matters, and how much. */
export const HEALTH_SHARES: Readonly<
  Record<HealthFinding, Readonly<Partial<Record<Severity, number>>>>
> = {
  races: { notice: 0.01, warning: 0.05 },
  loses_responses: { notice: 0.01, warning: 0.05 },
  shares_tokens: { warning: 0.01, critical: 0.05 },
  refreshes_too_early: { notice: 0.2, warning: 0.5 },
  presents_stale_tokens: { warning: 0.002, critical: 0.01 },
  fails_to_authenticate: { warning: 0.02, critical: 0.2 },
  presents_foreign_tokens: { warning: 0.002, critical: 0.01 },
  leaks_tokens: { warning: 0.002, critical: 0.01 },
  loses_its_key: { warning: 0.01, critical: 0.1 },
  keeps_ended_tokens: { notice: 0.1, warning: 0.3 },
  redeems_codes_late: { notice: 0.02, warning: 0.1 },
  mismatches_codes: { notice: 0.02, warning: 0.1 },
  asks_for_too_much: { notice: 0.02, warning: 0.1 },
  calls_too_often: { notice: 0.01, warning: 0.1 },
};

/**
 * What is wrong with how a client uses its tokens, the gravest first; nothing for a client that is
 * healthy or has hardly called.
 */
export function clientHealth(counters: ClientCounters): readonly ClientHealthFinding[] {
  if (attempts(counters) < ATTEMPTS_MIN) return [];
  const findings = healthRules.flatMap((rule) => judge(rule, counters));
  return severities.flatMap((severity) => findings.filter((one) => one.severity === severity));
}

type Count = (counters: ClientCounters) => number;

interface HealthRule {
  readonly finding: HealthFinding;
  readonly count: Count;
  readonly outOf: Count;
  readonly advice: string;
}

/** The gravest first. */
const severities: readonly Severity[] = ['critical', 'warning', 'notice'];

function judge(
  { finding, count: countIn, outOf, advice }: HealthRule,
  counters: ClientCounters,
): readonly ClientHealthFinding[] {
  const count = countIn(counters);
  if (count < OCCURRENCES_MIN) return [];
  const share = count / outOf(counters);
  const shares = HEALTH_SHARES[finding];
  const severity = severities.find((one) => share >= (shares[one] ?? Infinity));
  return severity === undefined ? [] : [{ finding, severity, count, share, advice }];
}

/** What a refusal says of its client; slow twins are counted beside. */
const findingOfReason: Readonly<
  Record<Exclude<RejectionReason, 'stale_inside_window'>, HealthFinding>
> = {
  client_authentication_failed: 'fails_to_authenticate',
  foreign_client: 'presents_foreign_tokens',
  sender_mismatch: 'loses_its_key',
  family_revoked: 'keeps_ended_tokens',
  expired_idle: 'keeps_ended_tokens',
  expired_absolute: 'keeps_ended_tokens',
  session_ended: 'keeps_ended_tokens',
  account_disabled: 'keeps_ended_tokens',
  client_disabled: 'keeps_ended_tokens',
  project_disabled: 'keeps_ended_tokens',
  not_before: 'keeps_ended_tokens',
  code_expired: 'redeems_codes_late',
  pkce_mismatch: 'mismatches_codes',
  redirect_mismatch: 'mismatches_codes',
  scope_exceeded: 'asks_for_too_much',
  target_exceeded: 'asks_for_too_much',
  rate_limited: 'calls_too_often',
};

function rejectedAs(finding: HealthFinding): Count {
  const reasons = Object.entries(findingOfReason).flatMap(([reason, one]) =>
    one === finding ? [reason as RejectionReason] : [],
  );
  return ({ rejectedByReason }) => sum(reasons.map((reason) => rejectedByReason[reason] ?? 0));
}

const refreshes: Count = (counters) =>
  counters.rotated +
  counters.refreshed +
  counters.retriedWithin2Seconds +
  counters.retriedLater +
  counters.retriedAtUnknownAge;
const attempts: Count = (counters) =>
  counters.redeemed +
  refreshes(counters) +
  counters.reuse +
  sum(Object.values(counters.rejectedByReason));

function sum(counts: readonly number[]): number {
  return counts.reduce((total, count) => total + count, 0);
}

function codes(rejected: Count): Count {
  return (counters) => counters.redeemed + rejected(counters);
}

function ofRejections(finding: HealthFinding, advice: string): HealthRule {
  return { finding, count: rejectedAs(finding), outOf: attempts, advice };
}

function ofCodes(finding: HealthFinding, advice: string): HealthRule {
  const count = rejectedAs(finding);
  return { finding, count, outOf: codes(count), advice };
}

const healthRules: readonly HealthRule[] = [
  {
    finding: 'races',
    count: ({ retriedWithin2Seconds }) => retriedWithin2Seconds,
    outOf: refreshes,
    advice: 'Let one request refresh at a time, and give its answer to all that wait for it.',
  },
  {
    finding: 'loses_responses',
    count: ({ retriedLater }) => retriedLater,
    outOf: refreshes,
    advice:
      'Wait longer for the answer, and after a failure try again at once with the same token.',
  },
  {
    finding: 'shares_tokens',
    count: ({ retriedByOtherParty }) => retriedByOtherParty,
    outOf: refreshes,
    advice:
      'Find out which two installations use the same refresh token: each needs a grant of its own.',
  },
  {
    finding: 'refreshes_too_early',
    count: ({ refreshedEarly }) => refreshedEarly,
    // A retry is one more presentation of what was counted already.
    outOf: ({ rotated, refreshed }) => rotated + refreshed,
    advice: 'Keep the access token until shortly before expires_in has passed, and refresh then.',
  },
  {
    finding: 'presents_stale_tokens',
    count: ({ staleInsideWindow, reuse }) => staleInsideWindow + reuse,
    outOf: attempts,
    advice: 'Let all processes share one token store, and store a new token before it is used.',
  },
  ofRejections(
    'fails_to_authenticate',
    'Check which secret and which authentication method each installation is deployed with.',
  ),
  ofRejections(
    'presents_foreign_tokens',
    'Find out how it came by the tokens of another client, and keep their stores apart.',
  ),
  {
    finding: 'leaks_tokens',
    count: ({ presentedByOtherClient }) => presentedByOtherClient,
    outOf: (counters) => attempts(counters) + counters.presentedByOtherClient,
    advice: 'Find out how its tokens came to another client, and revoke the families they are of.',
  },
  ofRejections(
    'loses_its_key',
    'Keep the key that the tokens are bound to as long as the tokens themselves.',
  ),
  ofRejections(
    'keeps_ended_tokens',
    'Discard a refresh token that was answered with invalid_grant, and have the person sign in.',
  ),
  ofCodes('redeems_codes_late', 'Exchange a code as soon as it arrives: it does not live long.'),
  ofCodes(
    'mismatches_codes',
    'Keep the verifier and the redirect URI of each request until its code is exchanged.',
  ),
  ofRejections(
    'asks_for_too_much',
    'Ask for no more scopes and resources on a refresh than were granted.',
  ),
  ofRejections('calls_too_often', 'Wait as long as Retry-After says before the next call.'),
];
