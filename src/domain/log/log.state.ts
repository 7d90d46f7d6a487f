import type { Instant } from '../identifiers.js';

/** The log itself, folded from its own stream: who it says it is now. */
export interface LogState {
  /** The name that checkpoints are signed under; another one in each epoch. */
  readonly origin: string;
  /** 0 at first; grows when an old copy of the ledger was restored. */
  readonly epoch: number;
  /** What checkpoints of this epoch are verified with (C2SP signed-note, "Verifier keys"). */
  readonly verifierKey: string;
  /** The note by which the key of the log began this epoch; undefined in the first one. */
  readonly acknowledgement?: string | undefined;
  readonly epochOpenedAt: Instant;
}
