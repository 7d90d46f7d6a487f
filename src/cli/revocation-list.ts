import type { Command } from 'commander';
import { ListRevocations } from '../admin/list-revocations.query.js';
import { type RevocationListAnswer, revocationListOf } from '../admin/revocation.answer.js';
import { CommandRefused } from './failure.js';
import { requireId } from './id-argument.js';
import { asOperator, type Operator } from './operator.js';
import { countText, printJson, printLines, tableText, timeText } from './terminal.js';
import { count, verb } from './verb.js';

interface Options {
  readonly limit: number;
  readonly before?: string;
  readonly json?: boolean;
}

const REVOCATIONS_SHOWN = 50;

/** Lists revocations, newest first. */
export function revocationListVerb(): Command {
  return verb({
    name: 'list',
    summary: 'list revocations, newest first',
    examples: [
      'token-ledger revocation list',
      `token-ledger revocation list --json | jq -r '.revocations[] | select(.result == null).id'`,
    ],
    json: `what GET /admin/revocations answers;
next: the id for --before that goes on, null when there is nothing more`,
  })
    .option('--limit <n>', 'show at most so many', count, REVOCATIONS_SHOWN)
    .option('--before <id>', 'only what is older than this revocation')
    .action((options: Options) => asOperator((operator) => listRevocations(operator, options)));
}

async function listRevocations(
  operator: Operator,
  { limit, before, json }: Options,
): Promise<void> {
  if (before !== undefined) requireId('revocation', before);
  const page = await operator.query(new ListRevocations(before, limit));
  if (page.kind === 'unknown_revocation') throw new CommandRefused('there is no such revocation');
  const list = revocationListOf(page, () => undefined);
  if (json === true) {
    printJson(list);
    return;
  }
  const { revocations, next } = list;
  if (revocations.length > 0) printLines(revocationTable(list));
  const counted = countText(revocations.length, 'revocation');
  printLines(next === null ? counted : `${counted}; there are more: --before ${next} goes on`);
}

function revocationTable({ revocations }: RevocationListAnswer): string {
  const rows = revocations.map(({ id, status, selector, families, clientTokens, ...one }) => [
    id,
    status,
    `${selector.kind}\n${selector.id}`,
    `${countText(families, 'family', 'families')}\n${countText(clientTokens, 'client token')}`,
    timeText(Date.parse(one.startedAt)),
  ]);
  return tableText(['Revocation', 'Status', 'Selector', 'Set', 'Started'], rows);
}
