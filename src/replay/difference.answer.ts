import { z } from 'zod';
import { replayedMoment } from './replayed-moment.answer.js';
import { eventMark } from './state.answer.js';

const change = z.object({
  path: z.string().meta({
    description:
      'JSON pointer into the state (RFC 6901); what stands there is written as in a state: instants ' +
      'and spans are milliseconds.',
  }),
  before: z.unknown().optional().meta({ description: 'Absent: there was none.' }),
  after: z.unknown().optional().meta({ description: 'Absent: there is none.' }),
});

const netChange = change.extend({
  causedBy: eventMark.nullable().meta({
    description: 'The last event that changed it; null where that is not among `steps`.',
  }),
});

const rotation = {
  position: 1203,
  type: 'RefreshTokenRotated',
  at: '2026-11-21T02:14:06.980Z',
};
const generationChange = { path: '/generation', before: 3, after: 4 };

const differenceExample = {
  stream: 'family:019aa3c2b7f07c51a1b2c3d4e5f60718',
  from: { position: 1200, at: '2026-11-21T02:00:00.000Z' },
  to: { position: 1204, at: '2026-11-21T02:14:06.990Z' },
  net: [{ ...generationChange, causedBy: rotation }],
  steps: [{ ...rotation, changes: [generationChange] }],
  stepsOmitted: 0,
};

/** How a stream changed between two moments. */
export const replayedDifference = z
  .object({
    stream: z.string().meta({ description: '`<kind>:<id>`.' }),
    from: replayedMoment,
    to: replayedMoment,
    net: z.array(netChange).meta({ description: 'What differs between the two moments.' }),
    steps: z
      .array(eventMark.extend({ changes: z.array(change) }))
      .meta({ description: 'What each event in between changed, oldest first; at most 500.' }),
    stepsOmitted: z.int().nonnegative().meta({ description: 'Further events, not in `steps`.' }),
  })
  .meta({ id: 'ReplayedDifference', examples: [differenceExample] });
/** How a stream changed between two moments. */
export type ReplayedDifference = z.infer<typeof replayedDifference>;
