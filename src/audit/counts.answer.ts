import { z } from 'zod';

const isComplete = z.boolean().meta({
  description: 'False: only the newest thousand were counted.',
});

/** How many families there are of each status. */
export const familyCountsAnswer = z
  .object({
    pending: z.int(),
    active: z.int().meta({ description: 'Also what is blocked: the list says by what.' }),
    expired: z.int(),
    revoked: z.int(),
    isComplete,
  })
  .meta({ id: 'FamilyCounts' });

/** How many incidents there are. */
export const incidentCountsAnswer = z
  .object({ count: z.int(), unjudged: z.int(), isComplete })
  .meta({ id: 'IncidentCounts' });
