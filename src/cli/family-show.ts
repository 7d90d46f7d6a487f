import type { Command } from 'commander';
import type { AuditEvent } from '../audit/audit-event.answer.js';
import type { AuditFamily, FamilyAnswer } from '../audit/family.answer.js';
import { FindFamily } from '../audit/find-family.query.js';
import { StreamEvents } from '../audit/list-events.query.js';
import { streamIdOf, type Subject } from '../domain/identifiers.js';
import { CommandRefused } from './failure.js';
import { familyEventTable } from './event-table.js';
import { requireId } from './id-argument.js';
import { asOperator, type Operator } from './operator.js';
import { accountText, clientText } from './owner-text.js';
import { type Fact, factsText, printJson, printLines, timeText } from './terminal.js';
import { count, verb } from './verb.js';

interface Options {
  readonly last?: number;
  readonly json?: boolean;
}

/** So many events people are shown unless they ask for more. */
const EVENTS_SHOWN = 50;

/** Shows a token family: what it is worth, and its whole life with who and from where. */
export function familyShowVerb(): Command {
  return verb({
    name: 'show',
    summary: 'show a token family and its timeline: what happened, by whom, from where',
    examples: [
      'token-ledger family show 01939f0a7c1b7d3e8a4f5b6c7d8e9f00',
      'token-ledger family show 01939f0a7c1b7d3e8a4f5b6c7d8e9f00 --last 10',
      `token-ledger family show 01939f0a7c1b7d3e8a4f5b6c7d8e9f00 --json | jq '.events[].type'`,
    ],
    json:
      '{ asOf, family, events }, each as GET /audit/families/{id} and\n' +
      'GET /audit/families/{id}/events have it; oldest event first',
  })
    .argument('<family-id>')
    .option(
      '--last <n>',
      `only the newest events; ${EVENTS_SHOWN} unless --json asks for all`,
      count,
    )
    .action((familyId: string, options: Options) =>
      asOperator((operator) => showFamily(operator, familyId, options)),
    );
}

/** What a family is worth, and why it is worth nothing if so; `since` is added to the reason. */
export function familyStatusText(
  { status, end, blockedBy }: Pick<AuditFamily, 'status' | 'end' | 'blockedBy'>,
  since = '',
): string {
  if (end !== null) return `${status} (${end.reason}${since})`;
  return blockedBy === null ? status : `blocked (${blockedBy})`;
}

/** There is no token family of that id. */
export function unknownFamily(): CommandRefused {
  return new CommandRefused('there is no such token family');
}

async function showFamily(operator: Operator, familyId: string, options: Options): Promise<void> {
  requireId('family', familyId);
  const answer = await operator.query(new FindFamily(familyId));
  if (answer === undefined) throw unknownFamily();
  const isJson = options.json === true;
  const events = await newestEvents(
    operator,
    familyId,
    options.last ?? (isJson ? Infinity : EVENTS_SHOWN),
  );
  if (isJson) printJson({ ...answer, events });
  else await printFamily(operator, answer, events);
}

async function newestEvents(
  operator: Operator,
  familyId: string,
  eventsMax: number,
): Promise<AuditEvent[]> {
  const choice = { after: null, streamId: streamIdOf('family', familyId) };
  const { pages } = await operator.query(new StreamEvents(choice));
  let events: AuditEvent[] = [];
  for await (const page of pages) events = [...events, ...page].slice(-eventsMax);
  return events;
}

async function printFamily(
  operator: Operator,
  { family }: FamilyAnswer,
  events: readonly AuditEvent[],
): Promise<void> {
  const { subject } = family;
  const profile = subject === null ? undefined : await operator.vault.profile(subject as Subject);
  const facts = familyFacts(family, profile?.username);
  printLines(factsText(facts), '', await familyEventTable(operator, events));
  const { count } = family.events;
  if (events.length < count)
    printLines(`The newest ${events.length} of ${count} events; --last ${count} shows all.`);
}

function familyFacts(family: AuditFamily, username?: string): Fact[] {
  const { end, client, subject, lineage, policy } = family;
  const since = end === null ? '' : `, ${timeText(Date.parse(end.at))}`;
  return [
    ['Family', family.id],
    ['Status', familyStatusText(family, since)],
    ['Incident', end?.incidentId ?? undefined],
    ['Revocation', end?.revocationId ?? undefined],
    ['Client', clientText(client)],
    ['Account', accountText(subject, username)],
    ['Scope', family.scope.join(' ') || 'none'],
    ['Resources', family.resources.join('\n') || undefined],
    ['Generation', lineage.generation === null ? 'no refresh token' : String(lineage.generation)],
    ['Access tokens', String(lineage.accessTokens)],
    ['Policy', `${policy.rotation}, retry window ${policy.retryWindowSeconds} s`],
    ['Granted', timeText(Date.parse(family.grantedAt))],
    ['Idle until', momentText(family.idleExpiresAt)],
    ['Ends at last', momentText(family.absoluteExpiresAt)],
  ];
}

function momentText(moment: string | null): string | undefined {
  return moment === null ? undefined : timeText(Date.parse(moment));
}
