import { z } from 'zod';
import { counter, identifier } from './field-schemas.js';

const epochFields = {
  origin: identifier.describe('the name that checkpoints of this epoch are signed under'),
  epoch: counter,
  verifierKey: identifier.describe('what they are verified with (C2SP signed-note)'),
};

/** Events of the log itself: who it is, and when a copy of it was put back. */
export const logEvents = {
  LogOpened: z
    .object(epochFields)
    .describe('The first start of a ledger: checkpoints of it say this origin.'),
  LedgerRestored: z
    .object({
      ...epochFields,
      size: counter.describe('events in the ledger that was put back'),
      knownSize: counter
        .optional()
        .describe('events in the newest checkpoint outside of it; absent when none is of this log'),
      acknowledgement: z
        .string()
        .min(1)
        .max(4096)
        .describe('a note of the log’s key: the origin, what is kept, and what that came after'),
    })
    .describe(
      'An operator put an old copy of the ledger back: tokens of earlier epochs are good no more.',
    ),
};
