import { z } from 'zod';
import type { BacktestedAttempt, DivergingAttempt } from './backtest.runner.js';
import { timeText, timeTextOf } from './replayed-moment.answer.js';

/** The attempt of the example. */
export const divergingAttemptExample = {
  familyId: '019aa3c2b7f07c51a1b2c3d4e5f60718',
  position: 90_412,
  at: '2026-11-20T17:03:11.402Z',
  recorded: 'retried',
  simulated: 'killed',
};

/** An attempt that comes out otherwise. */
export const divergingAttempt = z.object({
  familyId: z.string(),
  position: z.int().nonnegative(),
  at: timeText,
  recorded: z.string().meta({ example: 'retried' }),
  simulated: z.string().meta({ example: 'killed' }),
});

const { simulated } = divergingAttempt.shape;

const backtestedAttempt = divergingAttempt.extend({
  simulated: simulated.nullable().meta({
    description: 'null: not comparable, as an earlier one of its family came out otherwise.',
  }),
});

/** An attempt as it came out and as it would have, for the documentation. */
export const backtestedAttemptSchema = {
  ...(z.toJSONSchema(backtestedAttempt, { target: 'openapi-3.0' }) as object),
  example: divergingAttemptExample,
};

/** An attempt as the answers of the replay write it. */
export function backtestedAttemptOf(attempt: DivergingAttempt): z.infer<typeof divergingAttempt>;
export function backtestedAttemptOf(attempt: BacktestedAttempt): z.infer<typeof backtestedAttempt>;
export function backtestedAttemptOf({
  familyId,
  position,
  at,
  recorded,
  simulated: outcome,
}: BacktestedAttempt): z.infer<typeof backtestedAttempt> {
  return { familyId, position, at: timeTextOf(at), recorded, simulated: outcome };
}
