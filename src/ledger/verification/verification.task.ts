import { LedgerCorrupted } from '../ledger.errors.js';
import type { LedgerSource } from './ledger.source.js';
import { type RangeTask, RangeVerification } from './range-verification.js';
import { type StreamTask, StreamVerification } from './stream-verification.js';
import type { VerificationProblem } from './verification-problems.js';

/** A part of a verification that can be done by itself, on any handle of the ledger. */
export type VerificationTask = StreamTask | RangeTask;

/** Does one task; tells of events as they were read. */
export async function runTask(
  source: LedgerSource,
  task: VerificationTask,
  onEvents: (events: number) => void,
): Promise<readonly VerificationProblem[]> {
  const verification =
    task.kind === 'streams'
      ? new StreamVerification(source, task, onEvents)
      : new RangeVerification(source, task, onEvents);
  try {
    await verification.run();
  } catch (error) {
    if (!(error instanceof LedgerCorrupted)) throw error;
    verification.problems.add({ problem: error.message });
  }
  return verification.problems.all;
}
