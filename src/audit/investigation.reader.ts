import { type Position, streamIdOf } from '../domain/identifiers.js';
import { blastRadiusOf } from '../domain/investigation/blast-radius.rules.js';
import type { EventWithOrigin } from '../domain/investigation/family-record.rules.js';
import { causeOf } from '../domain/investigation/incident-cause.rules.js';
import type { Ledger } from '../ledger/ledger.port.js';
import type { AuditIncident } from './incident.answer.js';
import type { Investigation } from './investigation.answer.js';
import { HistoryTooLong, originatedHistoryOf } from './stream-history.reader.js';
import { told } from './told.js';

/** So many access tokens are told one by one. */
const ACCESS_TOKENS_TOLD = 100;

/** What the events up to a position say about an incident; null when they are too many. */
export async function investigationOf(
  ledger: Ledger,
  { id, kind, familyId }: AuditIncident,
  upTo: Position,
): Promise<Investigation | null> {
  try {
    const history = await originatedHistoryOf(ledger, streamIdOf('family', familyId), upTo);
    const isKnown = history.length > 0;
    const ofIncident = streamIdOf('incident', id);
    const events = isKnown ? history : await originatedHistoryOf(ledger, ofIncident, upTo);
    return conclude({ id, kind }, events, isKnown);
  } catch (error) {
    if (error instanceof HistoryTooLong) return null;
    throw error;
  }
}

function conclude(
  incident: Pick<AuditIncident, 'id' | 'kind'>,
  events: readonly EventWithOrigin[],
  isKnown: boolean,
): Investigation {
  const { cause, confidence, evidence, presented, parties } = causeOf(incident, events);
  const radius = isKnown ? blastRadiusOf(incident, events) : undefined;
  return {
    cause,
    confidence,
    evidence: evidence.map(({ statement, positions, facts }) => ({
      statement,
      positions: [...positions],
      facts: { ...facts },
    })),
    presented,
    parties: [...parties],
    blastRadius:
      radius === undefined
        ? null
        : {
            ...told(radius),
            accessTokens: told(radius.accessTokens.slice(-ACCESS_TOKENS_TOLD)),
            accessTokenCount: radius.accessTokens.length,
          },
  };
}
