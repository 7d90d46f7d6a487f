import { type Command, Option } from 'commander';
import { CommandRefused } from './failure.js';
import { seconds } from './verb.js';

/** A client's overrides of the service's token policy, as the command line has them. */
export interface ClientPolicyOptions {
  readonly retryWindowSeconds?: number;
  readonly accessTokenSeconds?: number;
  readonly idleSeconds?: number;
  readonly absoluteSeconds?: number;
  readonly rotation?: 'rotate' | 'fixed';
}

/** Lets a verb take a client's overrides of the service's token policy. */
export function withPolicyOptions(command: Command): Command {
  return command
    .addOption(
      new Option('--rotation <rule>', 'whether each refresh makes a new refresh token').choices([
        'rotate',
        'fixed',
      ]),
    )
    .option('--retry-window-seconds <n>', 'how long a lost answer can be fetched again', seconds)
    .option('--access-token-seconds <n>', 'how long its access tokens last', seconds)
    .option('--idle-seconds <n>', 'how long an unused refresh token lasts', seconds)
    .option('--absolute-seconds <n>', 'how long a sign-in lasts at most', seconds);
}

/** The overrides that were given, spans in milliseconds. Throws a CommandRefused for two that clash. */
export function policyOf(options: ClientPolicyOptions): Readonly<Record<string, unknown>> {
  const { rotation, retryWindowSeconds, accessTokenSeconds, idleSeconds, absoluteSeconds } =
    options;
  if ((idleSeconds ?? 0) > (absoluteSeconds ?? Infinity)) {
    throw new CommandRefused('--idle-seconds must be at most --absolute-seconds');
  }
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
