import type { Command } from 'commander';
import { RetireSigningKey } from '../directory/retire-signing-key.handler.js';
import { asOperator, type Operator } from './operator.js';
import { signingKeyRefused } from './refusals.js';
import { printJson, printLines } from './terminal.js';
import { verb } from './verb.js';

interface Options {
  readonly json?: boolean;
}

/** Lets a key that does not sign now never sign again. */
export function keyRetireVerb(): Command {
  return verb({
    name: 'retire',
    summary: 'let a key never sign again; the tokens that it signed still verify',
    details: 'The key that new tokens are signed with is refused: let another one sign first.',
    examples: ['token-ledger key retire qyf1BIqSpzuoUwZ0SqU0aKJqCcUR9vSBCh1ROJrBlcI'],
    json: '{ keyId, outcome: "retired"|"already_retired" }',
  })
    .argument('<key-id>')
    .action((keyId: string, options: Options) =>
      asOperator((operator) => retireKey(operator, keyId, options)),
    );
}

async function retireKey(operator: Operator, keyId: string, options: Options): Promise<void> {
  const outcome = await operator.execute(new RetireSigningKey(keyId, operator.attribution));
  if (outcome.kind === 'refused') throw signingKeyRefused(outcome.reason);
  await operator.record('key.retire', keyId);
  if (options.json === true) printJson({ keyId, outcome: outcome.kind });
  else if (outcome.kind === 'already_retired') printLines('The key was retired already.');
  else printLines('The key signs nothing any more. What it signed still verifies.');
}
