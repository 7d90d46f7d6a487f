import type { Command } from 'commander';
import { InitialAccessToken } from '../directory/initial-access-token.service.js';
import { CommandRefused } from './failure.js';
import { asOperator, type Operator } from './operator.js';
import { printJson, printLines } from './terminal.js';
import { verb } from './verb.js';

interface Options {
  readonly json?: boolean;
}

/** Shows the initial access token again. */
export function registrationTokenVerb(): Command {
  return verb({
    name: 'registration-token',
    summary: 'show the initial access token for clients that register themselves (RFC 7591)',
    examples: [
      'token-ledger registration-token',
      'curl -H "Authorization: Bearer $(token-ledger registration-token)" \\\n' +
        '      -H "Content-Type: application/json" -d @client.json http://localhost:3000/oauth/register',
    ],
    json: '{ token, registrationEndpoint }',
  }).action((options: Options) => asOperator((operator) => showToken(operator, options)));
}

async function showToken(operator: Operator, options: Options): Promise<void> {
  const { registration, issuer } = operator.settings;
  if (registration === 'off') throw new CommandRefused('TOKEN_LEDGER_REGISTRATION is off');
  if (registration === 'open') {
    throw new CommandRefused('TOKEN_LEDGER_REGISTRATION is open: no token is needed');
  }
  const token = operator.get(InitialAccessToken).reveal();
  await operator.record('registration_token.reveal');
  if (options.json === true) printJson({ token, registrationEndpoint: `${issuer}/oauth/register` });
  else printLines(token);
}
