import { type Command, Option } from 'commander';
import { auditIncident, type IncidentList } from '../audit/incident.answer.js';
import { ListIncidents } from '../audit/list-incidents.query.js';
import { incidentOfCursor } from '../access/page-cursor.js';
import { streamIdOf } from '../domain/identifiers.js';
import { requireId } from './id-argument.js';
import { listEndText, type ListOptions, withListOptions } from './list-options.js';
import { asOperator, type Operator } from './operator.js';
import { type OwnerOptions, ownersNamed, withOwnerOptions } from './owner-options.js';
import { accountTexts, clientText } from './owner-text.js';
import { printJson, printLines, tableText, timeText } from './terminal.js';
import { verb } from './verb.js';

interface Options extends ListOptions, OwnerOptions {
  readonly family?: string;
  readonly kind?: (typeof kinds)[number];
  readonly json?: boolean;
}

const kinds = auditIncident.shape.kind.options;

/** Lists incidents, newest first. */
export function incidentListVerb(): Command {
  const command = verb({
    name: 'list',
    summary: 'list incidents, newest first: suspicious presentations of tokens',
    examples: [
      'token-ledger incident list',
      'token-ledger incident list --kind refresh_token_reuse --limit 10',
      'token-ledger incident list --account ana',
      `token-ledger incident list --json | jq -r '.incidents[].familyId'`,
    ],
    json: `{ asOf, incidents, next }, each incident as GET /audit/incidents has it;
next: the id for --before that goes on, null when there is nothing more`,
  });
  withOwnerOptions(command)
    .option('--family <family-id>', 'only about this token family')
    .addOption(new Option('--kind <kind>', 'only these').choices(kinds));
  return withListOptions(command, 'incident').action((options: Options) =>
    asOperator((operator) => listIncidents(operator, options)),
  );
}

async function listIncidents(operator: Operator, options: Options): Promise<void> {
  const { limit, before, search, kind, family: familyId } = options;
  if (before !== undefined) requireId('incident', before);
  if (familyId !== undefined) requireId('family', familyId);
  const begin = before === undefined ? null : streamIdOf('incident', before);
  const owners = await ownersNamed(operator, options);
  const choice = { kind, familyId, ...owners, searchedMax: search };
  const list = await operator.query(new ListIncidents(begin, limit, choice));
  const { incidents } = list;
  const next = list.next === null ? null : idOf(list.next);
  if (options.json === true) {
    printJson({ ...list, next });
    return;
  }
  if (incidents.length > 0) printLines(await incidentTable(operator, list));
  const found = { count: incidents.length, next };
  printLines(listEndText(options, found, ['incident', 'incidents']));
}

function idOf(cursor: string): string {
  return String(incidentOfCursor(cursor)).slice(streamIdOf('incident', '').length);
}

async function incidentTable(operator: Operator, { incidents }: IncidentList): Promise<string> {
  const textOf = await accountTexts(operator, incidents);
  const rows = incidents.map(({ id, familyId, familyRevoked, kind, client, subject, at }) => [
    `${id}\n${familyId}`,
    `${kind}\n${familyRevoked ? 'the family ended' : 'the family lives'}`,
    [client === null ? 'unknown client' : clientText(client), textOf(subject)].join('\n'),
    timeText(Date.parse(at)),
  ]);
  return tableText(['Incident\nFamily', 'Kind\nConsequence', 'Client\nAccount', 'Opened'], rows);
}
