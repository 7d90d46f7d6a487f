import { type Command, InvalidArgumentError } from 'commander';
import { DirectoryReader } from '../directory/directory.reader.js';
import { namedAccount } from './account-argument.js';
import type { Operator } from './operator.js';
import { clientRefused } from './refusals.js';

/** Whose things a list shows. */
export interface OwnerOptions {
  readonly client?: string;
  /** A user name or a subject. */
  readonly subject?: string;
}

/** Lets a verb list only what belongs to one client or account. */
export function withOwnerOptions(command: Command): Command {
  return command
    .option('--client <client-id>', 'only of this client')
    .option(
      '--account, --subject <account>',
      'only of this account: its user name or subject',
      onlyOne,
    );
}

/** Two names of one option, of which the last would silently count. */
function onlyOne(account: string, before: string | undefined): string {
  if (before === undefined) return account;
  throw new InvalidArgumentError('It can be given once.');
}

/** The owners that are meant, undefined where none was named. Throws a CommandRefused for an unknown one. */
export async function ownersNamed(
  operator: Operator,
  { client, subject }: OwnerOptions,
): Promise<{ readonly clientId: string | undefined; readonly subject: string | undefined }> {
  return {
    clientId: client === undefined ? undefined : await knownClient(operator, client),
    subject: subject === undefined ? undefined : (await namedAccount(operator, subject)).subject,
  };
}

async function knownClient(operator: Operator, clientId: string): Promise<string> {
  const client = await operator.get(DirectoryReader).client(clientId);
  if (client === undefined) throw clientRefused('unknown_client');
  return client.clientId;
}
