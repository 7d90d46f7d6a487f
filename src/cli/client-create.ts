import { type Command, Option } from 'commander';
import {
  CLIENT_PRESETS,
  type ClientPreset,
  presetRegistration,
} from '../directory/client-registration.js';
import { RegisterClient } from '../directory/register-client.handler.js';
import { operatorAudienceOf } from '../domain/directory/operator-scopes.rules.js';
import { CLIENT_SHAPE, clientFacts, clientJson } from './client-view.js';
import { CommandRefused } from './failure.js';
import { asOperator, type Operator } from './operator.js';
import { clientRefused, metadataRefusal } from './refusals.js';
import { factsText, printJson, printLines } from './terminal.js';
import { seconds, verb } from './verb.js';

interface Options {
  readonly preset: ClientPreset;
  readonly name?: string;
  readonly redirectUri?: readonly string[];
  readonly scope?: readonly string[];
  readonly firstParty?: boolean;
  readonly mayIntrospect?: boolean;
  readonly retryWindowSeconds?: number;
  readonly accessTokenSeconds?: number;
  readonly idleSeconds?: number;
  readonly absoluteSeconds?: number;
  readonly rotation?: 'rotate' | 'fixed';
  readonly json?: boolean;
}

const PRESETS = `Presets:
  web      a web application with a server that keeps a secret: code and refresh tokens
  spa      an application in the browser, without a secret: code and refresh tokens
  native   a desktop or mobile application, without a secret: code and refresh tokens
  machine  a service that acts for itself: client_credentials
  auditor  a machine that may read the audit API: client_credentials with audit:read`;

/** Registers a client for an operator; a secret is shown once. */
export function clientCreateVerb(): Command {
  return verb({
    name: 'create',
    summary: 'register a client; its secret is shown once',
    details: PRESETS,
    examples: [
      'token-ledger client create --preset web --name Shop --redirect-uri https://shop.example/callback',
      'token-ledger client create --preset spa --redirect-uri http://localhost:5173/ --idle-seconds 86400',
      'token-ledger client create --preset web --first-party --redirect-uri https://desk.example/callback --scope openid audit:read',
      'token-ledger client create --preset auditor --name "Night watch" --json',
    ],
    json: `${CLIENT_SHAPE}\nand clientSecret where the client has one`,
  })
    .addOption(
      new Option('--preset <kind>', 'what kind of client it is')
        .choices(CLIENT_PRESETS)
        .makeOptionMandatory(),
    )
    .option('--name <name>', 'what people are shown when they are asked for consent')
    .option('--redirect-uri <uri...>', 'where answers may be sent; repeatable')
    .option('--scope <scopes...>', 'what it may ask for; without it, any but operator scopes')
    .option('--first-party', 'it is your own')
    .option('--may-introspect', 'it may introspect tokens of any audience')
    .addOption(
      new Option('--rotation <rule>', 'whether each refresh makes a new refresh token').choices([
        'rotate',
        'fixed',
      ]),
    )
    .option('--retry-window-seconds <n>', 'how long a lost answer can be fetched again', seconds)
    .option('--access-token-seconds <n>', 'how long its access tokens last', seconds)
    .option('--idle-seconds <n>', 'how long an unused refresh token lasts', seconds)
    .option('--absolute-seconds <n>', 'how long a sign-in lasts at most', seconds)
    .action((options: Options) => asOperator((operator) => createClient(operator, options)));
}

async function createClient(operator: Operator, options: Options): Promise<void> {
  if (options.redirectUri !== undefined && ['auditor', 'machine'].includes(options.preset)) {
    throw new CommandRefused(`--redirect-uri is of no use to a client of preset ${options.preset}`);
  }
  const registration = presetRegistration(options.preset, {
    name: options.name,
    redirectUris: options.redirectUri,
    scope: options.scope?.join(' '),
    firstParty: options.firstParty,
    mayIntrospect: options.mayIntrospect,
    policy: policyOf(options),
  });
  const outcome = await operator.execute(new RegisterClient(registration, operator.attribution));
  if (outcome.kind === 'refused') {
    throw 'description' in outcome
      ? metadataRefusal(outcome.description)
      : clientRefused(outcome.reason);
  }
  const { clientId, clientSecret } = outcome;
  await operator.record('client.create', clientId);
  const client = await operator.ledger.load('client', clientId);
  if (client === undefined) throw new Error(`client ${clientId} is not in the ledger`);
  if (options.json === true) {
    printJson({ ...clientJson(client), clientSecret });
    return;
  }
  printLines('The client is registered.', '', factsText(clientFacts(client)));
  if (clientSecret !== undefined) {
    printLines('', factsText([['Client secret', clientSecret]]), 'Shown this once: keep it now.');
  }
  if (options.preset === 'auditor') {
    printLines('', ...auditorSteps(operator.settings.issuer, clientId));
  }
}

function policyOf(options: Options): Readonly<Record<string, unknown>> {
  const { rotation, retryWindowSeconds, accessTokenSeconds, idleSeconds, absoluteSeconds } =
    options;
  const spans = {
    retryWindow: retryWindowSeconds,
    accessTokenLifetime: accessTokenSeconds,
    idle: idleSeconds,
    absolute: absoluteSeconds,
  };
  const given = Object.entries(spans).flatMap(([name, span]) =>
    span === undefined ? [] : [[name, span * 1000] as const],
  );
  return { ...Object.fromEntries(given), ...(rotation === undefined ? {} : { rotation }) };
}

function auditorSteps(issuer: string, clientId: string): string[] {
  return [
    'It gets a token for the audit API with its secret in place of CLIENT_SECRET:',
    `  curl -u ${clientId}:CLIENT_SECRET -d grant_type=client_credentials \\`,
    `    -d scope=audit:read -d resource=${operatorAudienceOf(issuer)} \\`,
    `    ${issuer}/oauth/token`,
  ];
}
