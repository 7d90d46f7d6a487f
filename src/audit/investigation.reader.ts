import { StreamHistory } from '../access/stream-history.js';
import { type Position, streamIdOf } from '../domain/identifiers.js';
import { type BlastRadius, blastRadius } from '../domain/investigation/blast-radius.rules.js';
import {
  type CauseOfIncident,
  incidentCause,
} from '../domain/investigation/incident-cause.rules.js';
import { bothOf } from '../domain/investigation/passes.rules.js';
import type { Ledger } from '../ledger/ledger.port.js';
import type { AuditIncident } from './incident.answer.js';
import type { Investigation } from './investigation.answer.js';
import { told } from './told.js';

/** So many access tokens are told one by one. */
const ACCESS_TOKENS_TOLD = 100;

/** What the events up to a position say about an incident. */
export async function investigationOf(
  ledger: Ledger,
  { id, kind, familyId }: AuditIncident,
  upTo: Position,
): Promise<Investigation> {
  const family = await StreamHistory.of(ledger, streamIdOf('family', familyId), upTo);
  const cause = incidentCause({ id, kind });
  if (family.isEmpty) {
    const own = await StreamHistory.of(ledger, streamIdOf('incident', id), upTo);
    return investigation(await own.answer(cause), undefined);
  }
  const radius = blastRadius({ id, kind }, ACCESS_TOKENS_TOLD);
  return investigation(...(await family.answer(bothOf(cause, radius))));
}

function investigation(
  { cause, confidence, evidence, presented, parties }: CauseOfIncident,
  radius: BlastRadius | undefined,
): Investigation {
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
    blastRadius: radius === undefined ? null : told(radius),
  };
}
