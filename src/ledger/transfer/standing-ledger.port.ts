import type { Position } from '../../domain/identifiers.js';
import type { LedgerSource } from '../verification/ledger.source.js';

/** A ledger that nobody can write until it is closed, so that all that is read of it is of one moment. */
export interface StandingLedger {
  readonly source: LedgerSource;
  /** How often the directory has changed. */
  directoryVersion(): number;
  /** The positions after another one whose events have an origin, in order. */
  originPositions(after: Position, limit: number): readonly Position[];
  /** Lets others write it again. */
  close(): Promise<void>;
}
