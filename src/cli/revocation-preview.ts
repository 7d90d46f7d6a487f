import type { Command } from 'commander';
import { PreviewRevocation } from '../admin/preview-revocation.query.js';
import {
  type RevocationPreviewAnswer,
  revocationPreviewOf,
} from '../admin/revocation-preview.answer.js';
import { CommandRefused } from './failure.js';
import { requireId } from './id-argument.js';
import { asOperator, type Operator } from './operator.js';
import {
  position,
  revocationRefused,
  selectorIn,
  type SelectorOptions,
  withSelectorOptions,
} from './revocation-options.js';
import { markText } from './revocation-show.js';
import { countText, factsText, printJson, printLines, tableText, timeText } from './terminal.js';
import { count, verb } from './verb.js';

interface Options extends SelectorOptions {
  readonly position?: number;
  readonly after?: string;
  readonly limit: number;
  readonly json?: boolean;
}

const FAMILIES_SHOWN = 50;

/** Tells what a revocation would end. */
export function revocationPreviewVerb(): Command {
  const command = verb({
    name: 'preview',
    summary: 'tell what a revocation would end; nothing is ended',
    examples: [
      'token-ledger revocation preview --client u3Yv0mSx1QbN7cKpT5dZEg',
      'token-ledger revocation preview --address 192.0.2.0/24 --from 2026-11-20T00:00:00Z',
    ],
    json: `what GET /admin/revocations/preview answers;
next: the id for --after that goes on, with the same --position, null when there is nothing more`,
  });
  return withSelectorOptions(command)
    .option('--position <n>', 'the newest event that is looked at; else of the ledger', position)
    .option('--after <family-id>', 'only families with a greater id; needs --position')
    .option('--limit <n>', 'show at most so many families', count, FAMILIES_SHOWN)
    .action((options: Options) => asOperator((operator) => preview(operator, options)));
}

async function preview(operator: Operator, options: Options): Promise<void> {
  const { after, limit } = options;
  if (after !== undefined) requireId('family', after);
  if (after !== undefined && options.position === undefined) {
    throw new CommandRefused('--after goes with the --position of the page before');
  }
  const selector = await selectorIn(operator, options);
  const query = new PreviewRevocation(selector, options.position, after, limit);
  const outcome = await operator.query(query);
  if (outcome.kind === 'refused') throw revocationRefused(outcome.reason);
  const answer = revocationPreviewOf(outcome, outcome.next);
  if (options.json === true) printJson(answer);
  else tell(answer);
}

function tell({ counts, reach, families, next, ...answer }: RevocationPreviewAnswer): void {
  printLines(
    factsText([
      ['Position', String(answer.position)],
      ['Addresses', answer.addressRange ?? undefined],
      ['Families', `${counts.families} would end; ${counts.familiesEnded} have ended already`],
      ['Client tokens', String(counts.clientTokens)],
      ['Access tokens', reach === null ? undefined : `${reach.accessTokens} have not expired`],
      [
        'With scopes',
        reach === null || reach.scopes.length === 0 ? undefined : scopesText(reach.scopes),
      ],
      [
        'Audiences',
        reach === null || reach.audiences.length === 0 ? undefined : reach.audiences.join('\n'),
      ],
      ['Last expires', textOf(reach?.lastExpiresAt)],
      ['Mark', markText(answer)],
      ['Digest', answer.setDigest],
    ]),
  );
  if (families.length > 0) {
    const rows = families.map(({ id, clientId, subject, grantedAt }) => [
      id,
      `${clientId}\n${subject ?? ''}`,
      timeText(Date.parse(grantedAt)),
    ]);
    printLines(tableText(['Family', 'Client\nSubject', 'Granted'], rows));
  }
  const counted = countText(families.length, 'family', 'families');
  if (next === null) printLines(counted);
  else printLines(`${counted}; --position ${answer.position} --after ${next} goes on`);
}

function scopesText(scopes: NonNullable<RevocationPreviewAnswer['reach']>['scopes']): string {
  return scopes.map(({ scope, accessTokens }) => `${scope} (${accessTokens})`).join('\n');
}

function textOf(time: string | null | undefined): string | undefined {
  return time === null || time === undefined ? undefined : timeText(Date.parse(time));
}
