import { type Command, Option } from 'commander';
import { familyStatus } from '../audit/family.answer.js';
import { type FamilyList, ListFamilies, type ListedStatus } from '../audit/list-families.query.js';
import { type StreamId, streamIdOf } from '../domain/identifiers.js';
import { familyStatusText } from './family-show.js';
import { requireId } from './id-argument.js';
import { listEndText, type ListOptions, withListOptions } from './list-options.js';
import { asOperator, type Operator } from './operator.js';
import { type OwnerOptions, ownersNamed, withOwnerOptions } from './owner-options.js';
import { accountTexts, clientText } from './owner-text.js';
import { printJson, printLines, tableText, timeText } from './terminal.js';
import { verb } from './verb.js';

interface Options extends ListOptions, OwnerOptions {
  readonly status?: ListedStatus;
  readonly json?: boolean;
}

/** Lists token families, newest first. */
export function familyListVerb(): Command {
  const command = verb({
    name: 'list',
    summary: 'list token families, newest first',
    details: `The status is of this moment: a family expires without an event. One that did not end is blocked
where its client, account or project is disabled, or signed out everywhere: --status active and
--status pending leave those out.`,
    examples: [
      'token-ledger family list --account ana --status active',
      'token-ledger family list --client u3Yv0mSx1QbN7cKpT5dZEg --limit 10',
      `token-ledger family list --status revoked --json | jq -r '.families[].end.reason'`,
    ],
    json: `{ asOf, families: [{ id, status, end, blockedBy, client, subject, generation (null: no refresh
  token), grantedAt, updatedAt }], next }, members as GET /audit/families/{id} has them;
next: the id for --before that goes on, null when there is nothing more`,
  });
  const statuses = [...familyStatus.options, 'blocked'];
  withOwnerOptions(command).addOption(
    new Option('--status <status>', 'only these').choices(statuses),
  );
  return withListOptions(command, 'family').action((options: Options) =>
    asOperator((operator) => listFamilies(operator, options)),
  );
}

async function listFamilies(operator: Operator, options: Options): Promise<void> {
  const { limit, before, search, status } = options;
  if (before !== undefined) requireId('family', before);
  const list = await operator.query(
    new ListFamilies(
      {
        before: before === undefined ? null : streamIdOf('family', before),
        ...(await ownersNamed(operator, options)),
        status,
        searchedMax: search,
      },
      limit,
    ),
  );
  const next = idOf(list.next);
  if (options.json === true) {
    printJson({ ...list, next });
    return;
  }
  if (list.families.length > 0) printLines(await familyTable(operator, list));
  const found = { count: list.families.length, next };
  printLines(listEndText(options, found, ['family', 'families']));
}

function idOf(family: StreamId | null): string | null {
  return family === null ? null : family.slice(streamIdOf('family', '').length);
}

async function familyTable(operator: Operator, { families }: FamilyList): Promise<string> {
  const textOf = await accountTexts(operator, families);
  const rows = families.map((family) => {
    const { id, client, subject, generation, grantedAt, updatedAt } = family;
    return [
      id,
      [clientText(client), textOf(subject)].join('\n'),
      [familyStatusText(family), generation ?? 'no refresh token'].join('\n'),
      [grantedAt, updatedAt].map((moment) => timeText(Date.parse(moment))).join('\n'),
    ];
  });
  return tableText(
    ['Family', 'Client\nAccount', 'Status\nGeneration', 'Granted\nLast update'],
    rows,
  );
}
