import type { EventWithOrigin } from './family-record.rules.js';
import { type Evidence, evidenceOf, PRESENTATION_MISSING } from './incident-evidence.rules.js';
import {
  type InvestigatedIncident,
  openingOf,
  type PresentedFacts,
} from './incident-presentation.rules.js';
import { type Fork, type IncidentScene, sceneOf } from './incident-scene.rules.js';
import { type Otherness, othernessOf, type Party } from './party.rules.js';
import { answerFrom, type Passes } from './passes.rules.js';

/** What an incident most likely comes from. */
export type IncidentCause =
  | 'lost_response'
  | 'concurrent_client'
  | 'stale_process'
  | 'fork'
  | 'likely_theft'
  | 'foreign_client'
  | 'wrong_client_secret'
  | 'suspected_shadow'
  | 'code_replayed'
  | 'ledger_rollback'
  | 'unclear';

/** How sure a cause is. */
export type Confidence = 'low' | 'medium' | 'high';

/** What an incident most likely comes from, how sure that is, and why. */
export interface CauseOfIncident {
  readonly cause: IncidentCause;
  readonly confidence: Confidence;
  readonly evidence: readonly Evidence[];
  /** Holder and presenter, side by side; they look alike when one client is both. */
  readonly parties: readonly Party[];
  /** null when the presentation is not among the events. */
  readonly presented: PresentedFacts | null;
}

/**
 * The most likely cause of an incident, from all events of its family, oldest first; for a family that
 * this ledger does not know, from those of the incident. It supports a verdict and is none: a thief in
 * the same network with the same agent looks like a broken client.
 */
export function causeOf(
  incident: InvestigatedIncident,
  history: readonly EventWithOrigin[],
): CauseOfIncident {
  return answerFrom(incidentCause(incident), history);
}

/** The same in three passes. */
export function* incidentCause(incident: InvestigatedIncident): Passes<CauseOfIncident> {
  const { first, presentation } = yield* openingOf(incident);
  if (presentation === undefined) {
    return { ...UNCLEAR, evidence: [PRESENTATION_MISSING], parties: [], presented: null };
  }
  const scene = yield* sceneOf(presentation, { first });
  const { parties, presented } = scene;
  return { ...judge(incident, scene), evidence: evidenceOf(incident, scene), parties, presented };
}

type Judgement = Pick<CauseOfIncident, 'cause' | 'confidence'>;

const UNCLEAR: Judgement = { cause: 'unclear', confidence: 'low' };

function judge({ kind }: InvestigatedIncident, scene: IncidentScene): Judgement {
  const otherness = scene.likeness === undefined ? 'unknown' : othernessOf[scene.likeness];
  switch (kind) {
    case 'code_reuse':
      return { cause: 'code_replayed', confidence: 'high' };
    case 'foreign_client':
      return { cause: 'foreign_client', confidence: 'high' };
    case 'client_authentication_failed':
      return { cause: 'wrong_client_secret', confidence: 'high' };
    case 'ledger_rollback':
      return { cause: 'ledger_rollback', confidence: 'high' };
    case 'suspected_shadow':
      return { cause: 'suspected_shadow', confidence: otherness === 'unknown' ? 'low' : 'medium' };
    case 'refresh_token_reuse':
    case 'stale_inside_window':
      return judgeReuse(scene, otherness);
  }
}

function judgeReuse(scene: IncidentScene, otherness: Otherness): Judgement {
  const { fork } = scene;
  if (fork === undefined) return UNCLEAR;
  switch (otherness) {
    case 'other':
      return { cause: 'likely_theft', confidence: 'high' };
    case 'same':
      return judgeOneParty(scene, fork);
    case 'partly':
      return judgeLikeParties(fork);
    case 'unknown':
      return judgeByTiming(fork);
  }
}

function judgeOneParty({ likeness }: IncidentScene, fork: Fork): Judgement {
  if (fork.isTogether) return { cause: 'concurrent_client', confidence: 'high' };
  if (fork.together.count > 1) return { cause: 'concurrent_client', confidence: 'medium' };
  if (isJustLost(fork)) return { cause: 'lost_response', confidence: 'high' };
  if (isLateRetry(fork)) return { cause: 'lost_response', confidence: 'medium' };
  return {
    cause: 'stale_process',
    confidence: likeness === 'same_sender_key' ? 'high' : 'medium',
  };
}

/** One difference is how a phone changes its network, unless the two sides are seen apart. */
function judgeLikeParties(fork: Fork): Judgement {
  if (fork.presenterServed.count > 0) return { cause: 'stale_process', confidence: 'low' };
  if (fork.holderContinued.count > 0) return { cause: 'fork', confidence: 'medium' };
  return judgeByTiming(fork);
}

/** When it is not known whether it was one or two, only an innocent timing says anything. */
function judgeByTiming(fork: Fork): Judgement {
  if (fork.isTogether) return { cause: 'concurrent_client', confidence: 'low' };
  return isJustLost(fork) ? { cause: 'lost_response', confidence: 'low' } : UNCLEAR;
}

/** The retry of a lost response that missed its window by no more than the window's own length. */
function isJustLost({ timing, successorUse }: Fork): boolean {
  return timing.statement === 'just_beyond_window' && successorUse === undefined;
}

/** One that came later: only of one party, as a thief who came first looks the same. */
function isLateRetry({ timing, successorUse }: Fork): boolean {
  return timing.statement === 'beyond_window' && successorUse === undefined;
}
