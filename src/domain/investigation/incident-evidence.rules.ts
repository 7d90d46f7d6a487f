import type { Position } from '../identifiers.js';
import { grantIn, requestOf } from './family-record.rules.js';
import type { InvestigatedIncident } from './incident-presentation.rules.js';
import type { Fork, IncidentScene, Timing } from './incident-scene.rules.js';
import type { Likeness } from './party.rules.js';
import type { Tally } from './tally.rules.js';

/** What is stated of an incident. */
export type EvidenceStatement =
  | 'presentation_missing'
  | 'successor_unused'
  | 'successor_used'
  | Timing['statement']
  | 'presented_together'
  | 'code_redeemed_before'
  | 'other_client'
  | 'client_not_authenticated'
  | 'shadowed_generations'
  | 'family_unknown'
  | 'ahead_of_ledger'
  | 'other_epoch'
  | Likeness
  | 'holder_continued'
  | 'presenter_before_fork'
  | 'presenter_served_since_fork';

/** One statement, the events that show it, and what it is measured by. Spans in milliseconds. */
export interface Evidence {
  readonly statement: EvidenceStatement;
  /** At most `POSITIONS_MAX`, oldest first. */
  readonly positions: readonly Position[];
  readonly facts: Readonly<Record<string, number | string | null>>;
}

/** What is known of an incident whose presentation is not among the events. */
export const PRESENTATION_MISSING: Evidence = {
  statement: 'presentation_missing',
  positions: [],
  facts: {},
};

/** All that can be stated of an incident: what was presented, by whom, and what became of it. */
export function evidenceOf(
  { kind }: InvestigatedIncident,
  scene: IncidentScene,
): readonly Evidence[] {
  const { holder, presentation, likeness, fork } = scene;
  return [
    ...evidenceByKind[kind](scene),
    ...(holder === undefined || likeness === undefined
      ? []
      : [{ statement: likeness, positions: [holder.position, presentation.position], facts: {} }]),
    ...several('holder_continued', fork?.holderContinued),
    ...several('presenter_before_fork', fork?.presenterBefore),
    ...several('presenter_served_since_fork', fork?.presenterServed),
  ];
}

type EvidenceRule = (scene: IncidentScene) => readonly Evidence[];

const ofReuse: EvidenceRule = ({ presentation, fork }) => {
  if (fork === undefined) return [];
  const { statement, ...measured } = fork.timing;
  return [
    ofSuccessor(fork),
    { statement, positions: [presentation.position], facts: measured },
    ...several('presented_together', fork.together),
  ];
};

const evidenceByKind: Readonly<Record<InvestigatedIncident['kind'], EvidenceRule>> = {
  refresh_token_reuse: ofReuse,
  stale_inside_window: ofReuse,
  code_reuse: ({ presentation, presented, fork }) => [
    {
      statement: 'code_redeemed_before',
      positions: [...(fork === undefined ? [] : [fork.consumption]), presentation].map(
        ({ position }) => position,
      ),
      facts: { age: presented.age },
    },
  ],
  foreign_client: ({ presentation, first }) => [
    {
      statement: 'other_client',
      positions: [presentation.position],
      facts: {
        clientId: requestOf(presentation).by.clientId,
        grantedTo: requestOf(grantIn(first)).by.clientId,
      },
    },
  ],
  client_authentication_failed: ({ presentation }) => [
    {
      statement: 'client_not_authenticated',
      positions: [presentation.position],
      facts: { authMethod: presentation.data.authMethod },
    },
  ],
  suspected_shadow: ({ shadows }) => several('shadowed_generations', shadows),
  ledger_rollback: ofRollback,
};

function ofSuccessor({ consumption, successorUse }: Fork): Evidence {
  const { position } = consumption;
  return successorUse === undefined
    ? { statement: 'successor_unused', positions: [position], facts: {} }
    : { statement: 'successor_used', positions: [position, successorUse.position], facts: {} };
}

function ofRollback({ holder, presented, presentation }: IncidentScene): readonly Evidence[] {
  const { kind, generation, currentGeneration, gap } = presented;
  const isAhead = kind === 'refresh' && (gap === null || gap < 0);
  const known = isAhead ? 'ahead_of_ledger' : 'other_epoch';
  return [
    {
      statement: holder === undefined ? 'family_unknown' : known,
      positions: [presentation.position],
      facts: { generation, currentGeneration },
    },
  ];
}

function several(statement: EvidenceStatement, tally: Tally | undefined): readonly Evidence[] {
  if (tally === undefined || tally.count === 0) return [];
  const { count, positions } = tally;
  return [{ statement, positions, facts: { count } }];
}
