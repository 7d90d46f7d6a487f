import type { Decision } from '../decision.js';
import { streamIdOf } from '../identifiers.js';
import {
  byOf,
  type Caller,
  type FamilyContext,
  type PresentedToken,
  type Refused,
} from './family.decision.js';
import { refusalOf } from './grant-type.rules.js';

/**
 * Refuses a genuine token whose family this ledger does not know: an old copy of it was restored.
 * The incident has the family's own id, so it is opened once however often the token comes.
 */
export function decideUnknownFamily(
  presented: PresentedToken,
  caller: Caller,
  context: FamilyContext,
  isIncidentOpen: boolean,
): Decision<'family', Refused> {
  const error = refusalOf(presented.kind, caller, context);
  const outcome: Refused = { kind: 'refused', error, reason: 'unknown_family' };
  if (isIncidentOpen) return { events: [], outcome };
  return {
    events: [],
    outcome,
    companions: [
      {
        kind: 'incident',
        streamId: streamIdOf('incident', presented.familyId),
        events: [
          {
            type: 'IncidentOpened',
            data: {
              kind: 'ledger_rollback',
              familyId: presented.familyId,
              clientId: context.client?.clientId,
            },
          },
          {
            type: 'LedgerRollbackSuspected',
            data: {
              ...byOf(caller, context),
              kind: presented.kind,
              presentedGeneration: presented.number,
              keyId: presented.keyId,
              incidentId: presented.familyId,
            },
          },
        ],
      },
    ],
  };
}
