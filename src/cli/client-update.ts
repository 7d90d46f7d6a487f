import type { Command } from 'commander';
import { UpdateClient } from '../directory/update-client.handler.js';
import type { ClientChange } from '../domain/directory/client-change.rules.js';
import type { ClientId } from '../domain/identifiers.js';
import { type ClientPolicyOptions, policyOf, withPolicyOptions } from './client-policy-options.js';
import { CLIENT_SHAPE, clientFacts, clientJson } from './client-view.js';
import { CommandRefused } from './failure.js';
import { asOperator, type Operator } from './operator.js';
import { clientRefused, metadataRefusal } from './refusals.js';
import { factsText, printJson, printLines } from './terminal.js';
import { verb } from './verb.js';

interface Options extends ClientPolicyOptions {
  readonly name?: string;
  readonly redirectUri?: readonly string[];
  readonly postLogoutRedirectUri?: readonly string[];
  readonly scope?: readonly string[];
  readonly anyScope?: boolean;
  readonly servicePolicy?: boolean;
  readonly resource?: readonly string[];
  /** False with `--no-resources`. */
  readonly resources?: boolean;
  readonly mayIntrospect?: boolean;
  readonly json?: boolean;
}

/** Changes what a client registered and may do, for an operator. */
export function clientUpdateVerb(): Command {
  const command = verb({
    name: 'update',
    summary: 'change what a client registered and may do; what is not given stays',
    details: `What is given takes the place of all that the client has of it: name every redirect URI, every
scope and every resource. Families that were granted before keep their rotation and spans; how long access tokens last
counts from their next one.`,
    examples: [
      'token-ledger client update u3Yv0mSx1QbN7cKpT5dZEg --name "Shop and more"',
      'token-ledger client update u3Yv0mSx1QbN7cKpT5dZEg --redirect-uri https://shop.example/a https://shop.example/b',
      'token-ledger client update u3Yv0mSx1QbN7cKpT5dZEg --service-policy --idle-seconds 86400',
      'token-ledger client update u3Yv0mSx1QbN7cKpT5dZEg --resource https://api.example/photos --no-may-introspect',
    ],
    json: `${CLIENT_SHAPE}\nand outcome: "updated"|"unchanged"`,
  })
    .argument('<client-id>')
    .option('--name <name>', 'what people are shown when they are asked for consent')
    .option('--redirect-uri <uri...>', 'where answers may be sent; repeatable')
    .option(
      '--post-logout-redirect-uri <uri...>',
      'where browsers may be sent after signing out; repeatable',
    )
    .option('--scope <scopes...>', 'what it may ask for')
    .option('--any-scope', 'it may ask for any but operator scopes')
    .option(
      '--resource <uri...>',
      'the API that it is: it may introspect tokens for it; repeatable',
    )
    .option('--no-resources', 'it is no API any more')
    .option('--may-introspect', 'it may introspect tokens of any audience')
    .option('--no-may-introspect', 'it may introspect no others than its own and its resources’')
    .option('--service-policy', 'drop its own rotation and spans, but for those that are given');
  return withPolicyOptions(command).action((clientId: ClientId, options: Options) =>
    asOperator((operator) => updateClient(operator, clientId, options)),
  );
}

async function updateClient(
  operator: Operator,
  clientId: ClientId,
  options: Options,
): Promise<void> {
  const change = changeOf(options);
  const outcome = await operator.execute(new UpdateClient(clientId, change, operator.attribution));
  if (outcome.kind === 'refused') {
    throw 'description' in outcome
      ? metadataRefusal(outcome.description)
      : clientRefused(outcome.reason);
  }
  await operator.record('client.update', clientId);
  const client = await operator.ledger.load('client', clientId);
  if (client === undefined) throw new Error(`client ${clientId} is not in the ledger`);
  if (options.json === true) {
    printJson({ ...clientJson(client), outcome: outcome.kind });
    return;
  }
  const done =
    outcome.kind === 'unchanged' ? 'The client was so already.' : 'The client is changed.';
  printLines(done, '', factsText(clientFacts(client)));
}

/** Throws a CommandRefused for options that contradict each other, and for none at all. */
function changeOf(options: Options): ClientChange {
  const { name, redirectUri, postLogoutRedirectUri, scope, anyScope = false } = options;
  if (scope !== undefined && anyScope) {
    throw new CommandRefused('--scope and --any-scope exclude each other');
  }
  if (options.resource !== undefined && options.resources === false) {
    throw new CommandRefused('--resource and --no-resources exclude each other');
  }
  const given: Readonly<Record<string, unknown>> = {
    client_name: name,
    redirect_uris: redirectUri,
    post_logout_redirect_uris: postLogoutRedirectUri,
    scope: anyScope ? null : scope?.join(' '),
  };
  const members = Object.fromEntries(
    Object.entries(given).filter(([, value]) => value !== undefined),
  );
  const policy = policyOf(options);
  const dropsPolicy = options.servicePolicy === true;
  const access = accessOf(options);
  if (Object.keys({ ...members, ...policy, ...access }).length === 0 && !dropsPolicy) {
    throw new CommandRefused('nothing is to be changed: token-ledger client update --help');
  }
  return { members, policy, dropsPolicy, ...access };
}

/** What an operator lets the client do beyond what it registered. */
function accessOf(options: Options): Pick<ClientChange, 'mayIntrospect' | 'resources'> {
  const { mayIntrospect, resource } = options;
  const resources = options.resources === false ? [] : resource;
  return {
    ...(mayIntrospect === undefined ? {} : { mayIntrospect }),
    ...(resources === undefined ? {} : { resources }),
  };
}
