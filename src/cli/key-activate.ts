import type { Command } from 'commander';
import { ActivateSigningKey } from '../directory/activate-signing-key.handler.js';
import { SigningKeyRing } from '../tokens/signing-key-ring.js';
import { asOperator, type Operator } from './operator.js';
import { signingKeyRefused } from './refusals.js';
import { printJson, printLines } from './terminal.js';
import { verb } from './verb.js';

interface Options {
  readonly json?: boolean;
}

/** Lets a published key sign. */
export function keyActivateVerb(): Command {
  return verb({
    name: 'activate',
    summary: 'let a published key sign; of several active keys the youngest signs',
    details: `A server that runs signs with it within 15 seconds. The key before is still active: retire it at
any time after that. What it signed still verifies.`,
    examples: ['token-ledger key activate qyf1BIqSpzuoUwZ0SqU0aKJqCcUR9vSBCh1ROJrBlcI'],
    json: `{ keyId, outcome: "activated"|"already_active", signingKeyId (the key that signs now) }`,
  })
    .argument('<key-id>')
    .action((keyId: string, options: Options) =>
      asOperator((operator) => activateKey(operator, keyId, options)),
    );
}

async function activateKey(operator: Operator, keyId: string, options: Options): Promise<void> {
  const outcome = await operator.execute(new ActivateSigningKey(keyId, operator.attribution));
  if (outcome.kind === 'refused') throw signingKeyRefused(outcome.reason);
  await operator.record('key.activate', keyId);
  const signingKeyId = operator.get(SigningKeyRing).activeKeyId ?? null;
  if (options.json === true) {
    printJson({ keyId, outcome: outcome.kind, signingKeyId });
    return;
  }
  const isNew = outcome.kind === 'activated';
  printLines(isNew ? 'The key is active.' : 'The key was active already.');
  printLines(
    signingKeyId === keyId
      ? 'New tokens are signed with it.'
      : `New tokens are signed with a younger one: ${signingKeyId}`,
  );
}
