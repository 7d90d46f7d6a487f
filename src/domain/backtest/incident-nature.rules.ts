import type { EventOf } from '../events/event-catalogue.js';
import type { IncidentCause } from '../investigation/incident-cause.rules.js';

/** What an operator found an incident to be. */
export type Verdict = Extract<
  EventOf<'incident'>,
  { readonly type: 'IncidentVerdictGiven' }
>['data']['verdict'];

/** What is known of the incident of a family: the one that ended it, or else its gravest. */
export interface IncidentKnowledge {
  readonly verdict?: Verdict | undefined;
  /** What it most likely comes from, for one that nobody judged. */
  readonly cause?: IncidentCause | undefined;
}

/** Who says what an incident was: an operator, the rules of investigation, or nobody. */
export type Basis = 'verdict' | 'cause' | 'none';

/** What an incident was, and who says so. */
export type IncidentNature =
  | { readonly nature: 'theft' | 'false_alarm'; readonly basis: Exclude<Basis, 'none'> }
  | { readonly nature: 'unclear'; readonly basis: 'none' };

const UNCLEAR: IncidentNature = { nature: 'unclear', basis: 'none' };

const byVerdict: Readonly<Record<Verdict, IncidentNature>> = {
  theft: { nature: 'theft', basis: 'verdict' },
  broken_client: { nature: 'false_alarm', basis: 'verdict' },
  false_alarm: { nature: 'false_alarm', basis: 'verdict' },
  unclear: UNCLEAR,
};

const SUSPICIOUS: IncidentNature = { nature: 'theft', basis: 'cause' };
const BENIGN: IncidentNature = { nature: 'false_alarm', basis: 'cause' };

const byCause: Readonly<Record<IncidentCause, IncidentNature>> = {
  lost_response: BENIGN,
  concurrent_client: BENIGN,
  stale_process: BENIGN,
  fork: SUSPICIOUS,
  likely_theft: SUSPICIOUS,
  foreign_client: SUSPICIOUS,
  wrong_client_secret: SUSPICIOUS,
  suspected_shadow: SUSPICIOUS,
  code_replayed: SUSPICIOUS,
  ledger_rollback: UNCLEAR,
  unclear: UNCLEAR,
};

/** Takes an incident for what its verdict says, or else its cause. A verdict of unclear stands. */
export function natureOf({ verdict, cause }: IncidentKnowledge): IncidentNature {
  if (verdict !== undefined) return byVerdict[verdict];
  return cause === undefined ? UNCLEAR : byCause[cause];
}
