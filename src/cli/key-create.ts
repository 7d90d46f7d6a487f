import type { Command } from 'commander';
import { CreateSigningKey } from '../directory/create-signing-key.handler.js';
import { asOperator, type Operator } from './operator.js';
import { signingKeyRefused } from './refusals.js';
import { factsText, printJson, printLines } from './terminal.js';
import { verb } from './verb.js';

interface Options {
  readonly json?: boolean;
}

/** Makes and publishes a signing key that does not sign yet. */
export function keyCreateVerb(): Command {
  return verb({
    name: 'create',
    summary: 'make and publish a signing key; it signs nothing until it is activated',
    details:
      'A server that runs publishes it within a second, and verifiers fetch it in their time.',
    examples: ['token-ledger key create', 'token-ledger key create --json | jq -r .keyId'],
    json: '{ keyId, status: "published" }',
  }).action((options: Options) => asOperator((operator) => createKey(operator, options)));
}

async function createKey(operator: Operator, options: Options): Promise<void> {
  const outcome = await operator.execute(new CreateSigningKey(false, operator.attribution));
  if (outcome.kind === 'refused') throw signingKeyRefused(outcome.reason);
  const { keyId } = outcome;
  await operator.record('key.create', keyId);
  if (options.json === true) {
    printJson({ keyId, status: 'published' });
    return;
  }
  printLines(
    'The key is published, and signs nothing yet.',
    '',
    factsText([['Key ID', keyId]]),
    '',
    'When verifiers have had the time to fetch it, let it sign:',
    `  token-ledger key activate ${keyId}`,
  );
}
