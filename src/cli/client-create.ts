import { type Command, Option } from 'commander';
import {
  CLIENT_PRESETS,
  type ClientPreset,
  presetRegistration,
} from '../directory/client-registration.js';
import { RegisterClient } from '../directory/register-client.handler.js';
import { isOperatorScope, operatorAudienceOf } from '../domain/directory/operator-scopes.rules.js';
import { type ClientPolicyOptions, policyOf, withPolicyOptions } from './client-policy-options.js';
import { CLIENT_SHAPE, clientFacts, clientJson } from './client-view.js';
import { CommandRefused } from './failure.js';
import { asOperator, type Operator } from './operator.js';
import { clientRefused, metadataRefusal } from './refusals.js';
import { factsText, printJson, printLines } from './terminal.js';
import { verb } from './verb.js';

interface Options extends ClientPolicyOptions {
  readonly preset: ClientPreset;
  readonly name?: string;
  readonly redirectUri?: readonly string[];
  readonly postLogoutRedirectUri?: readonly string[];
  readonly scope?: readonly string[];
  readonly firstParty?: boolean;
  readonly mayIntrospect?: boolean;
  readonly resource?: readonly string[];
  readonly json?: boolean;
}

const PRESETS = `Presets:
  web              a web application with a server that keeps a secret: code and refresh tokens
  spa              an application in the browser, without a secret: code and refresh tokens
  native           a desktop or mobile application, without a secret: code and refresh tokens
  machine          a service that acts for itself: client_credentials
  resource-server  an API that introspects the tokens that are for it: client_credentials
  auditor          a machine that may read the audit API: client_credentials with audit:read`;

/** No browser ever comes to what these are for. */
const WITHOUT_BROWSER: ReadonlySet<ClientPreset> = new Set([
  'auditor',
  'machine',
  'resource-server',
]);

/** Registers a client for an operator; a secret is shown once. */
export function clientCreateVerb(): Command {
  const command = verb({
    name: 'create',
    summary: 'register a client; its secret is shown once',
    details: PRESETS,
    examples: [
      'token-ledger client create --preset web --name Shop --redirect-uri https://shop.example/callback',
      'token-ledger client create --preset spa --redirect-uri http://localhost:5173/ --idle-seconds 86400',
      'token-ledger client create --preset web --first-party --redirect-uri https://desk.example/callback --scope openid audit:read',
      'token-ledger client create --preset resource-server --name Photos --resource https://api.example/photos',
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
    .option(
      '--post-logout-redirect-uri <uri...>',
      'where browsers may be sent after signing out; repeatable',
    )
    .option('--scope <scopes...>', 'what it may ask for; without it, any but operator scopes')
    .option('--first-party', 'it is your own')
    .option(
      '--resource <uri...>',
      'the API that it is: it may introspect tokens for it; repeatable',
    )
    .option('--may-introspect', 'it may introspect tokens of any audience');
  return withPolicyOptions(command).action((options: Options) =>
    asOperator((operator) => createClient(operator, options)),
  );
}

async function createClient(operator: Operator, options: Options): Promise<void> {
  refuseSenseless(options);
  const registration = presetRegistration(options.preset, {
    name: options.name,
    redirectUris: options.redirectUri,
    postLogoutRedirectUris: options.postLogoutRedirectUri,
    scope: options.scope?.join(' '),
    firstParty: options.firstParty,
    mayIntrospect: options.mayIntrospect,
    resources: options.resource,
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

/** Throws a CommandRefused for options that the preset cannot use, and for one that it lacks. */
function refuseSenseless(options: Options): void {
  const { preset, redirectUri, postLogoutRedirectUri, resource, scope } = options;
  const forBrowsers = Object.entries({
    '--redirect-uri': redirectUri,
    '--post-logout-redirect-uri': postLogoutRedirectUri,
  });
  const senseless = forBrowsers.find(
    ([, uris]) => uris !== undefined && WITHOUT_BROWSER.has(preset),
  );
  if (senseless !== undefined) {
    throw new CommandRefused(`${senseless[0]} is of no use to a client of preset ${preset}`);
  }
  if (preset === 'resource-server' && resource === undefined) {
    throw new CommandRefused('a client of preset resource-server needs --resource');
  }
  if (preset === 'auditor' && scope !== undefined) refuseOtherOperator(scope);
}

/** An auditor is assigned `audit:read`: it would get nothing for a scope without it. */
function refuseOtherOperator(scope: readonly string[]): void {
  const operatorScopes = scope.flatMap((some) => some.split(' ')).filter(isOperatorScope);
  if (operatorScopes.join(' ') !== 'audit:read') {
    throw new CommandRefused(
      '--scope of a client of preset auditor must have audit:read, and no other operator scope',
    );
  }
}

function auditorSteps(issuer: string, clientId: string): string[] {
  return [
    'It gets a token for the audit API with its secret in place of CLIENT_SECRET:',
    `  curl -u ${clientId}:CLIENT_SECRET -d grant_type=client_credentials \\`,
    `    -d scope=audit:read -d resource=${operatorAudienceOf(issuer)} \\`,
    `    ${issuer}/oauth/token`,
  ];
}
