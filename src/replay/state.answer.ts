import { z } from 'zod';
import { momentExample, replayedMoment, timeText } from './replayed-moment.answer.js';

/** An event that a state came from. */
export const eventMark = z.object({
  position: z.int().nonnegative(),
  type: z.string(),
  at: timeText.describe('When it was recorded.'),
});

const stateExample = {
  stream: 'client:wYb0yqP5TRe9o5nCkXh1dA',
  asOf: momentExample,
  version: 2,
  last: { position: 871, type: 'ClientUpdated', at: '2026-11-21T00:10:02.112Z' },
  state: { clientId: 'wYb0yqP5TRe9o5nCkXh1dA', status: 'active', firstParty: false },
};

/** A stream as it stood at a moment. */
export const replayedState = z
  .object({
    stream: z.string().meta({ description: '`<kind>:<id>`.' }),
    asOf: replayedMoment,
    version: z.int().nonnegative().meta({ description: 'How many events it had by then.' }),
    last: eventMark.nullable().meta({ description: 'Its newest event by then.' }),
    state: z
      .record(z.string(), z.unknown())
      .nullable()
      .meta({
        description:
          'What its events folded to, as the ledger keeps it, but for the digest of a user name; ' +
          'instants and spans are milliseconds. ' +
          'null: it did not exist yet.',
      }),
  })
  .meta({ id: 'ReplayedState', examples: [stateExample] });
/** A stream as it stood at a moment. */
export type ReplayedState = z.infer<typeof replayedState>;
