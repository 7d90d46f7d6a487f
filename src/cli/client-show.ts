import type { Command } from 'commander';
import { DirectoryReader } from '../directory/directory.reader.js';
import { CLIENT_SHAPE, clientFacts, clientJson } from './client-view.js';
import { asOperator, type Operator } from './operator.js';
import { clientRefused } from './refusals.js';
import { factsText, printJson, printLines } from './terminal.js';
import { verb } from './verb.js';

interface Options {
  readonly json?: boolean;
}

/** Shows one client; never its secret, which is not known any more. */
export function clientShowVerb(): Command {
  return verb({
    name: 'show',
    summary: 'show a client',
    examples: [
      'token-ledger client show u3Yv0mSx1QbN7cKpT5dZEg',
      'token-ledger client show u3Yv0mSx1QbN7cKpT5dZEg --json',
    ],
    json: CLIENT_SHAPE,
  })
    .argument('<client-id>')
    .action((clientId: string, options: Options) =>
      asOperator((operator) => showClient(operator, clientId, options)),
    );
}

async function showClient(operator: Operator, clientId: string, options: Options): Promise<void> {
  const client = await operator.get(DirectoryReader).client(clientId);
  if (client === undefined) throw clientRefused('unknown_client');
  if (options.json === true) printJson(clientJson(client));
  else printLines(factsText(clientFacts(client)));
}
