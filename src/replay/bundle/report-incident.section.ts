import type { IncidentKind } from '../../domain/token-family/family.decision.js';
import { blastRadiusOf, type BlastRadius } from '../../domain/investigation/blast-radius.rules.js';
import { causeOf } from '../../domain/investigation/incident-cause.rules.js';
import type { Party } from '../../domain/investigation/party.rules.js';
import type { ReadEvent } from './bundle-events.js';
import { type Html, htmlFacts, htmlTable, markup } from './report.html.js';
import { causeWords, instantWords, spanWords, statementWords } from './report.words.js';

/** What an incident was: its likely cause with the evidence for it, both sides, and its reach. */
export function incidentSection(own: readonly ReadEvent[], family: readonly ReadEvent[]): Html {
  const opened = own.find(({ event }) => event.type === 'IncidentOpened');
  if (opened === undefined) return markup``;
  const { streamId, data, recordedAt } = opened.event;
  const incident = { id: streamId.slice('incident:'.length), kind: data['kind'] as IncidentKind };
  const isKnown = family.length > 0;
  const { cause, confidence, evidence, parties, presented } = causeOf(
    incident,
    isKnown ? family : own,
  );
  const verdict = own.findLast(({ event }) => event.type === 'IncidentVerdictGiven');
  const radius = isKnown ? blastRadiusOf(incident, family) : undefined;
  const { generation = null, currentGeneration = null, age = null } = presented ?? {};
  const facts = htmlFacts([
    ['Kind', incident.kind],
    ['Opened', instantWords(recordedAt)],
    ['Family', String(data['familyId'])],
    ['Presented', generation === null ? null : `generation ${generation}`],
    ['Current then', currentGeneration],
    ['Consumed before', age === null ? null : spanWords(age)],
    ['Verdict', verdict === undefined ? 'none was given' : String(verdict.event.data['verdict'])],
  ]);
  const reach = radius === undefined ? null : reachPart(radius);
  return markup`<section>
<h2>Incident <span class="id">${incident.id}</span></h2>
<p class="finding"><strong>${causeWords[cause]}</strong> Confidence: ${confidence}. This supports a verdict and is none.</p>
${facts}${evidenceTable(evidence)}${partyTable(parties)}${reach}</section>
`;
}

function evidenceTable(evidence: ReturnType<typeof causeOf>['evidence']): Html {
  const rows = evidence.map(({ statement, positions, facts }) => [
    statementWords[statement],
    positions.join(', '),
    Object.entries(facts).map(factWords).join(', '),
  ]);
  return markup`<h3>What speaks for it</h3>
${htmlTable(['Statement', 'Positions', 'Facts'], rows)}`;
}

const SPANS: ReadonlySet<string> = new Set(['age', 'retryWindow']);

function factWords([name, value]: readonly [string, string | number | null]): string {
  const isSpan = typeof value === 'number' && SPANS.has(name);
  return `${name} ${isSpan ? spanWords(value) : (value ?? 'unknown')}`;
}

function partyTable(parties: readonly Party[]): Html {
  const rows = parties.map((party) => [
    party.role,
    party.address ?? 'erased or unknown',
    party.userAgent ?? 'erased or unknown',
    party.clientId ?? 'none',
    party.senderKey ?? 'none',
    `${party.firstPosition} to ${party.lastPosition}`,
  ]);
  if (rows.length === 0) return markup``;
  return markup`<h3>The two sides</h3>
${htmlTable(['Side', 'Address', 'User agent', 'Client', 'Key', 'Positions'], rows)}`;
}

function reachPart(radius: BlastRadius): Html {
  const { accessTokens, scopes, audiences, fork, familyEndedAt, measuredAt } = radius;
  const live = accessTokens.filter(({ isUnexpired }) => isUnexpired).length;
  const facts = htmlFacts([
    ['Since', fork === null ? 'nothing had come of it' : instantWords(fork.at)],
    ['Family ended', familyEndedAt === null ? 'no' : instantWords(familyEndedAt)],
    ['Access tokens', `${accessTokens.length}, of which ${live} had not expired`],
    ['Scopes', scopes.join(' ')],
    ['Audiences', audiences.join(' ')],
    ['Longest life', `${spanWords(radius.longestRemainingLife)} from ${instantWords(measuredAt)}`],
    [
      'Complete',
      radius.isComplete ? 'yes' : 'no: what the lost part of the ledger did is not known',
    ],
  ]);
  return markup`<h3>What it can have reached</h3>
${facts}`;
}
