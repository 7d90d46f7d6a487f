import type { Command } from 'commander';
import { DisableClient } from '../directory/disable-client.handler.js';
import type { ClientId } from '../domain/identifiers.js';
import { asOperator, type Operator } from './operator.js';
import { clientRefused } from './refusals.js';
import { printJson, printLines } from './terminal.js';
import { verb } from './verb.js';

interface Options {
  readonly json?: boolean;
}

/** Disables a client for good; all its families are void with it. */
export function clientDisableVerb(): Command {
  return verb({
    name: 'disable',
    summary: 'let a client do nothing any more, for good; all its tokens are void with it',
    examples: ['token-ledger client disable u3Yv0mSx1QbN7cKpT5dZEg'],
    json: '{ clientId, outcome: "disabled"|"already_disabled" }',
  })
    .argument('<client-id>')
    .action((clientId: ClientId, options: Options) =>
      asOperator((operator) => disableClient(operator, clientId, options)),
    );
}

async function disableClient(
  operator: Operator,
  clientId: ClientId,
  options: Options,
): Promise<void> {
  const outcome = await operator.execute(new DisableClient(clientId, operator.attribution));
  if (outcome.kind === 'refused') throw clientRefused(outcome.reason);
  await operator.record('client.disable', clientId);
  if (options.json === true) printJson({ clientId, outcome: outcome.kind });
  else if (outcome.kind === 'already_disabled') printLines('The client was disabled already.');
  else printLines('The client is disabled, and all its tokens are void.');
}
