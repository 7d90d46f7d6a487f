import type { Command } from 'commander';
import { RotateClientSecret } from '../directory/rotate-client-secret.handler.js';
import type { ClientId } from '../domain/identifiers.js';
import { CommandRefused } from './failure.js';
import { asOperator, type Operator } from './operator.js';
import { clientRefused } from './refusals.js';
import { factsText, isoTime, printJson, printLines, timeText } from './terminal.js';
import { seconds, verb } from './verb.js';

interface Options {
  readonly overlapSeconds: number;
  readonly json?: boolean;
}

/** The longest that two secrets may work side by side, in seconds. */
const OVERLAP_SECONDS_MAX = 30 * 86_400;

/** Gives a confidential client another secret, shown once. */
export function clientRotateSecretVerb(): Command {
  return verb({
    name: 'rotate-secret',
    summary: 'give a client another secret, shown once',
    details:
      'The secret before stops working at once unless --overlap-seconds lets both work for a while.',
    examples: [
      'token-ledger client rotate-secret u3Yv0mSx1QbN7cKpT5dZEg',
      'token-ledger client rotate-secret u3Yv0mSx1QbN7cKpT5dZEg --overlap-seconds 86400',
    ],
    json: '{ clientId, clientSecret, previousUntil }',
  })
    .argument('<client-id>')
    .option('--overlap-seconds <n>', 'how long the secret before still works', seconds, 0)
    .action((clientId: ClientId, options: Options) =>
      asOperator((operator) => rotateSecret(operator, clientId, options)),
    );
}

async function rotateSecret(
  operator: Operator,
  clientId: ClientId,
  { overlapSeconds, json }: Options,
): Promise<void> {
  if (overlapSeconds > OVERLAP_SECONDS_MAX) {
    throw new CommandRefused(`--overlap-seconds must be between 0 and ${OVERLAP_SECONDS_MAX}`);
  }
  const { attribution } = operator;
  const outcome = await operator.execute(
    new RotateClientSecret(clientId, overlapSeconds * 1000, attribution),
  );
  if (outcome.kind === 'refused') throw clientRefused(outcome.reason);
  const { clientSecret, previousUntil } = outcome;
  await operator.record('client.rotate_secret', clientId);
  if (json === true) {
    printJson({ clientId, clientSecret, previousUntil: isoTime(previousUntil) });
    return;
  }
  const before =
    overlapSeconds === 0 ? 'no longer works' : `works until ${timeText(previousUntil)}`;
  printLines(
    `The client has another secret; the one before ${before}.`,
    '',
    factsText([
      ['Client ID', clientId],
      ['Client secret', clientSecret],
    ]),
    'Shown this once: keep it now.',
  );
}
