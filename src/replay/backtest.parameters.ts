import { z } from 'zod';
import { strictParameters } from '../access/ledger-parameters.js';
import { momentMember } from '../access/moment.js';
import type { BacktestPolicy } from '../domain/backtest/backtest-policy.rules.js';

const YEAR_SECONDS = 31_536_000;

function seconds(maximum: number) {
  const error = `must be a whole number of seconds from 0 to ${maximum}`;
  return z.int(error).min(0, error).max(maximum, error).optional();
}

/** Rules instead of those that were, as they are asked for. */
export const askedPolicy = strictParameters({
  rotation: z
    .enum(['rotate', 'fixed'], 'must be rotate or fixed')
    .optional()
    .meta({ description: 'Whether each refresh makes a new refresh token.' }),
  retryWindowSeconds: seconds(86_400).meta({
    description:
      'How long a lost answer can be fetched again. A client can have at most 60; a longer one can be asked ' +
      'about all the same.',
    example: 5,
  }),
  retryUntilUsed: z.boolean('must be true or false').optional().meta({
    description: 'Whether it can be fetched until the successor is used.',
  }),
  accessTokenSeconds: seconds(86_400),
  idleSeconds: seconds(10 * YEAR_SECONDS).meta({
    description: 'How long an unused refresh token lasts.',
  }),
  absoluteSeconds: seconds(10 * YEAR_SECONDS).meta({
    description: 'How long a family lasts at most.',
  }),
  requireSenderConstraint: z.boolean('must be true or false').optional().meta({
    description: 'Whether a public client that proves no key of its own redeems no code.',
  }),
}).meta({ description: 'Rules instead of those that were; what is left out stays as it was.' });
/** Rules instead of those that were, as they are asked for. */
export type AskedPolicy = z.infer<typeof askedPolicy>;

/** The same, of which at least one says something: without any there is nothing to find out. */
export const backtestedPolicy = askedPolicy.refine(
  (rules) => Object.values(rules).some((rule) => rule !== undefined),
  'must say what would be otherwise, such as retryWindowSeconds',
);

const moment = momentMember.optional();

/** What a backtest is asked for with. */
export const backtestRequest = strictParameters({
  policy: backtestedPolicy,
  from: moment.meta({ description: 'Only families granted since: a time or a position.' }),
  to: moment.meta({ description: 'Only what happened by then: a time or a position.' }),
  client: z
    .string('must be the id of a client')
    .max(128, 'must be the id of a client')
    .optional()
    .meta({ description: 'Only families of this client.' }),
});

/** The same, for the documentation. */
export const backtestRequestSchema = {
  ...(z.toJSONSchema(backtestRequest, { io: 'input', target: 'openapi-3.0' }) as object),
  example: { policy: { retryWindowSeconds: 5 }, from: '2026-11-01T00:00:00Z' },
};

/** The rules that are meant, spans in milliseconds. */
export function backtestPolicyOf({
  retryWindowSeconds,
  accessTokenSeconds,
  idleSeconds,
  absoluteSeconds,
  ...rules
}: AskedPolicy): BacktestPolicy {
  return {
    ...rules,
    retryWindow: millisecondsOf(retryWindowSeconds),
    accessTokenLifetime: millisecondsOf(accessTokenSeconds),
    idle: millisecondsOf(idleSeconds),
    absolute: millisecondsOf(absoluteSeconds),
  };
}

function millisecondsOf(seconds: number | undefined): number | undefined {
  return seconds === undefined ? undefined : seconds * 1000;
}

/** The same rules as they are asked for. */
export function askedPolicyOf({
  retryWindow,
  accessTokenLifetime,
  idle,
  absolute,
  ...rules
}: BacktestPolicy): AskedPolicy {
  return {
    ...rules,
    retryWindowSeconds: secondsOf(retryWindow),
    accessTokenSeconds: secondsOf(accessTokenLifetime),
    idleSeconds: secondsOf(idle),
    absoluteSeconds: secondsOf(absolute),
  };
}

function secondsOf(milliseconds: number | undefined): number | undefined {
  return milliseconds === undefined ? undefined : milliseconds / 1000;
}

/** The list of backtests takes no parameter: it is as long as what is remembered. */
export const backtestListParameters = strictParameters({});

/** The parameters of the attempts of a backtest: all of them, unless it is said otherwise. */
export const attemptParameters = strictParameters({
  only: z
    .literal('diverging', 'must be diverging')
    .optional()
    .meta({ description: 'Only the attempts that come out otherwise.' }),
});
