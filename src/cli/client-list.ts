import type { Command } from 'commander';
import type { ClientState } from '../domain/directory/directory.state.js';
import { statesOfKind } from '../directory/stream-states.reader.js';
import { CLIENT_SHAPE, clientJson, kindOf } from './client-view.js';
import { asOperator, type Operator } from './operator.js';
import { countText, printJson, printLines, tableText, timeText } from './terminal.js';
import { verb } from './verb.js';

interface Options {
  readonly json?: boolean;
}

/** Lists all clients, disabled ones included. */
export function clientListVerb(): Command {
  return verb({
    name: 'list',
    summary: 'list all clients, oldest first',
    examples: [
      'token-ledger client list',
      `token-ledger client list --json | jq -r '.[] | select(.verified | not).clientId'`,
    ],
    json: `an array of ${CLIENT_SHAPE}`,
  }).action((options: Options) => asOperator((operator) => listClients(operator, options)));
}

async function listClients(operator: Operator, options: Options): Promise<void> {
  const clients: ClientState[] = [];
  for await (const client of statesOfKind(operator.ledger, 'client')) clients.push(client);
  clients.sort((one, other) => one.registeredAt - other.registeredAt);
  if (options.json === true) {
    printJson(clients.map(clientJson));
    return;
  }
  if (clients.length === 0) {
    printLines('There is no client yet: token-ledger client create --help');
    return;
  }
  const rows = clients.map((client) => [
    client.clientId,
    client.metadata.name,
    kindOf(client),
    client.metadata.grantTypes.join('\n'),
    client.status,
    timeText(client.registeredAt),
  ]);
  const head = ['Client ID', 'Name', 'Kind', 'Grant types', 'Status', 'Registered'];
  printLines(tableText(head, rows), countText(clients.length, 'client'));
}
