import { type Command, InvalidArgumentError } from 'commander';
import { momentText } from '../access/moment.js';
import { addressRangeOf, addressRangeWords } from '../admin/address-range.js';
import type { RevocationRefusal } from '../admin/revocation-order.reader.js';
import type { RevocationSelector } from '../domain/events/revocation.events.js';
import type { Instant } from '../domain/identifiers.js';
import { namedAccount } from './account-argument.js';
import { CommandRefused } from './failure.js';
import type { Operator } from './operator.js';
import { spanReversed } from './refusals.js';

/** What is revoked together, as the options say it. */
export interface SelectorOptions {
  readonly client?: string;
  readonly account?: string;
  readonly signingKey?: string;
  readonly address?: string;
  readonly from?: Instant;
  readonly to?: Instant;
}

/** Lets a verb take what is revoked together. */
export function withSelectorOptions(command: Command): Command {
  return command
    .option('--client <id>', 'all of a client')
    .option('--account <account>', 'all of one person: user name or subject')
    .option('--signing-key <id>', 'all that got an access token signed with a key')
    .option('--address <range>', 'all that came from an address or a range: 192.0.2.0/24', range)
    .option('--from <time>', 'only what something happened to at this time or later', time)
    .option('--to <time>', 'only what something happened to before this time', time);
}

/** Reads an option that is a position of the ledger. */
export function position(text: string): number {
  if (/^\d{1,15}$/.test(text)) return Number(text);
  throw new InvalidArgumentError('It must be a position of the ledger.');
}

/** The selector that the options say. Throws a CommandRefused when they say none, several, or a span that ends before it begins. */
export async function selectorIn(
  operator: Operator,
  { client, account, signingKey, address, from, to }: SelectorOptions,
): Promise<RevocationSelector> {
  const given = [client, account, signingKey, address].filter((one) => one !== undefined);
  if (given.length !== 1) {
    throw new CommandRefused('give one of --client, --account, --signing-key and --address');
  }
  if (from !== undefined && to !== undefined && from > to) throw spanReversed();
  const span = { ...(from === undefined ? {} : { from }), ...(to === undefined ? {} : { to }) };
  if (client !== undefined) return { kind: 'client', id: client, ...span };
  if (signingKey !== undefined) return { kind: 'signing_key', id: signingKey, ...span };
  if (address !== undefined) return { kind: 'address', id: address, ...span };
  const { subject } = await namedAccount(operator, account ?? '');
  return { kind: 'subject', id: subject, ...span };
}

const refusalWords: Readonly<Record<RevocationRefusal, string>> = {
  unknown_selected: 'there is no such client, account or key',
  beyond_the_ledger: 'the position lies beyond the newest event',
  beyond_the_views: 'the position lies beyond the one past state that the views show',
  views_behind:
    'the views have not come to this position: try again, or start the server if it does not run',
};

/** What an operator is told when there is no set to be revoked. */
export function revocationRefused(reason: RevocationRefusal): CommandRefused {
  return new CommandRefused(refusalWords[reason]);
}

function range(text: string): string {
  const found = addressRangeOf(text);
  if ('range' in found) return found.range;
  throw new InvalidArgumentError(`It ${addressRangeWords[found.refusal]}.`);
}

function time(text: string): Instant {
  const at = momentText(text);
  if (at !== undefined && 'instant' in at) return at.instant;
  throw new InvalidArgumentError('It must be a time: 2026-11-21T02:14:07Z.');
}
