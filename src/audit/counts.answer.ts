import { z } from 'zod';

const isComplete = z.boolean().meta({
  description: 'False: only the newest thousand were counted.',
});

/** How many families there are of each status. */
export const familyCountsAnswer = z
  .object({
    pending: z.int(),
    active: z.int(),
    blocked: z.int().meta({
      description:
        'Neither ended nor expired, and worth nothing: the list says by what (`blockedBy`), and has ' +
        'them as `pending` or `active`.',
    }),
    expired: z.int().meta({ description: 'Idle, for good, or before the code was redeemed.' }),
    revoked: z.int(),
    isComplete,
  })
  .meta({ id: 'FamilyCounts' });

/** How many incidents there are. */
export const incidentCountsAnswer = z
  .object({ count: z.int(), unjudged: z.int(), isComplete })
  .meta({ id: 'IncidentCounts' });
