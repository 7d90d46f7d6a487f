import type { Command } from 'commander';
import type { AuditEvent } from '../audit/audit-event.answer.js';
import type { AuditFamily } from '../audit/family.answer.js';
import { FindFamily } from '../audit/find-family.query.js';
import type { AuditIncident } from '../audit/incident.answer.js';
import type { IncidentAnswer } from '../audit/investigation.answer.js';
import { StreamEvents } from '../audit/list-events.query.js';
import { FindIncident } from '../audit/list-incidents.query.js';
import { streamIdOf, type Subject } from '../domain/identifiers.js';
import { familyEventTable } from './event-table.js';
import { CommandRefused } from './failure.js';
import { familyStatusText } from './family-show.js';
import { requireId } from './id-argument.js';
import { investigationFacts, partiesTable } from './investigation-text.js';
import { asOperator, type Operator } from './operator.js';
import { accountText, clientText } from './owner-text.js';
import { countText, type Fact, factsText, printJson, printLines, timeText } from './terminal.js';
import { verb } from './verb.js';

interface Options {
  readonly json?: boolean;
}

/** Shows an incident: what was presented, by whom, from where, what was revoked, and the likely cause. */
export function incidentShowVerb(): Command {
  return verb({
    name: 'show',
    summary: 'show an incident with its evidence, likely cause, and what was revoked',
    examples: [
      'token-ledger incident show 01939f0a7c1b7d3e8a4f5b6c7d8e9f01',
      `token-ledger incident show 01939f0a7c1b7d3e8a4f5b6c7d8e9f01 --json | jq '.events[].origin'`,
    ],
    json: `{ asOf, incident, note, investigation, family, events }: the first four as GET
/audit/incidents/{id} has them, family as GET /audit/families/{id} (null: this ledger does not know it), and the events
that name the incident, oldest first`,
  })
    .argument('<incident-id>')
    .action((incidentId: string, options: Options) =>
      asOperator((operator) => showIncident(operator, incidentId, options)),
    );
}

async function showIncident(
  operator: Operator,
  incidentId: string,
  options: Options,
): Promise<void> {
  requireId('incident', incidentId);
  const answer = await operator.query(new FindIncident(incidentId));
  if (answer === undefined) throw new CommandRefused('there is no such incident');
  const { asOf, incident, note, investigation } = answer;
  const family = (await operator.query(new FindFamily(incident.familyId)))?.family ?? null;
  const events = await evidenceOf(operator, incident);
  if (options.json === true) {
    printJson({ asOf, incident, note, investigation, family, events });
    return;
  }
  const { subject } = incident;
  const profile = subject === null ? undefined : await operator.vault.profile(subject as Subject);
  const facts = incidentFacts(answer, family, profile?.username);
  const parties = partiesTable(investigation);
  printLines(
    factsText([...facts, ...investigationFacts(investigation)]),
    ...(parties === undefined ? [] : ['', parties]),
    '',
    await familyEventTable(operator, events),
  );
}

/** The events of the family that name the incident; what is not of the family stands beside it. */
async function evidenceOf(
  operator: Operator,
  { id, familyId, evidence }: AuditIncident,
): Promise<readonly AuditEvent[]> {
  const choice = { after: null, streamId: streamIdOf('family', familyId) };
  const { pages } = await operator.query(new StreamEvents(choice));
  const events: AuditEvent[] = [];
  for await (const page of pages) {
    events.push(...page.filter(({ data }) => data['incidentId'] === id));
  }
  const isOutside = evidence !== null && evidence.stream !== choice.streamId;
  return isOutside ? [evidence, ...events] : events;
}

function incidentFacts(
  { incident, note }: IncidentAnswer,
  family: AuditFamily | null,
  username: string | undefined,
): Fact[] {
  const { id, kind, at, verdict, familyId, client, subject } = incident;
  const worth = family === null ? 'not known to this ledger' : familyStatusText(family);
  return [
    ['Incident', id],
    ['Kind', kind],
    ['Opened', timeText(Date.parse(at))],
    ['Verdict', verdict ?? 'none'],
    ['Note', note === null ? undefined : (note.text ?? 'erased')],
    ['Family', `${familyId}, ${worth}`],
    ['Client', client === null ? undefined : clientText(client)],
    ['Account', accountText(subject, username)],
    ['Revoked', revokedText(incident, family)],
  ];
}

function revokedText({ familyRevoked }: AuditIncident, family: AuditFamily | null): string {
  if (!familyRevoked || family === null) return 'nothing';
  const { generation, accessTokens } = family.lineage;
  return [
    'the whole family',
    ...(generation === null ? [] : [`refresh tokens up to generation ${generation}`]),
    countText(accessTokens, 'access token'),
  ].join(', ');
}
