import type { Command } from 'commander';
import type { RevocationAnswer } from '../admin/revocation.answer.js';
import { RevocationAnswers } from '../admin/revocation-answer.reader.js';
import type { RevocationState } from '../domain/revocation/revocation.state.js';
import { CommandRefused } from './failure.js';
import { requireId } from './id-argument.js';
import { asOperator, type Operator } from './operator.js';
import { factsText, printJson, printLines, timeText } from './terminal.js';
import { verb } from './verb.js';

interface Options {
  readonly json?: boolean;
}

/** What a verb about one revocation prints with `--json`. */
export const REVOCATION_JSON = 'what GET /admin/revocations/{id} answers';

/** Shows how far a revocation is, or what it came to. */
export function revocationShowVerb(): Command {
  return verb({
    name: 'show',
    summary: 'show how far a revocation is, or what it came to',
    examples: [
      'token-ledger revocation show 5f0c6a3a8f5b4d1f9d7e2b1c0a998877',
      'token-ledger revocation show 5f0c6a3a8f5b4d1f9d7e2b1c0a998877 --json | jq -r .record',
    ],
    json: REVOCATION_JSON,
  })
    .argument('<revocation-id>')
    .action((id: string, options: Options) =>
      asOperator(async (operator) => {
        requireId('revocation', id);
        const state = await operator.ledger.load('revocation', id);
        if (state === undefined) throw new CommandRefused('there is no such revocation');
        await tellRevocation(operator, id, state, options);
      }),
    );
}

/** Prints a revocation, with its signed record once it is completed. */
export async function tellRevocation(
  operator: Operator,
  id: string,
  state: RevocationState,
  { json }: Options,
): Promise<void> {
  const answer = await operator.get(RevocationAnswers).of(id, state);
  if (json === true) printJson(answer);
  else printLines(factsOf(answer));
}

/** Tells a mark, or why there is none. */
export function markText({
  mark,
  noMarkBecause,
}: Pick<RevocationAnswer, 'mark' | 'noMarkBecause'>): string {
  if (mark === 'signing_key') return 'its access tokens are void at once';
  if (mark !== 'none') return 'all of it is void at once';
  const why = noMarkBecause === null ? '' : `, as ${noMarkWords[noMarkBecause]}`;
  return `none${why}: families end one after the other`;
}

const noMarkWords = {
  span_of_time: 'only a span of time is meant',
  addresses: 'no token names addresses',
} as const;

function factsOf({ result, record, ...answer }: RevocationAnswer): string {
  const { selector, families, clientTokens } = answer;
  return factsText([
    ['Revocation', answer.id],
    ['Status', answer.status],
    ['Selector', `${selector.kind} ${selector.id}`],
    ['Addresses', answer.addressRange ?? undefined],
    ['Position', String(answer.position)],
    ['Families', String(families)],
    ['Client tokens', String(clientTokens)],
    ['Mark', markText(answer)],
    ['Started', timeText(Date.parse(answer.startedAt))],
    ['Completed', result === null ? undefined : timeText(Date.parse(result.completedAt))],
    ['Revoked', result === null ? undefined : `${result.familiesRevoked} by this revocation`],
    ['Ended', result === null ? undefined : `${result.familiesEnded} by something else`],
    ['Digest', result?.setDigest ?? answer.setDigest],
    ['Record', record ?? undefined],
  ]);
}
