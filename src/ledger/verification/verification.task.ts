import { LedgerCorrupted } from '../ledger.errors.js';
import type { LedgerSource } from './ledger.source.js';
import { type RangeTask, SealedRange } from './sealed-range.js';
import { type StreamTask, StreamVerification } from './stream-verification.js';
import { ProblemList, type VerificationProblem } from './verification-problems.js';

/** A part of a verification that can be done by itself, on any handle of the ledger. */
export type VerificationTask = StreamTask | RangeTask;

/** Does one task; tells of the events of streams as they were read. */
export async function runTask(
  source: LedgerSource,
  task: VerificationTask,
  onEvents: (events: number) => void,
): Promise<readonly VerificationProblem[]> {
  const problems = new ProblemList();
  // A list of its own: events that are missing make many streams wrong, and must not be lost for those.
  const disorder = new ProblemList();
  try {
    await (task.kind === 'streams'
      ? new StreamVerification(source, task, { problems, disorder }, onEvents).run()
      : new SealedRange(source, task, (problem) => problems.add(problem)).check());
  } catch (error) {
    if (!(error instanceof LedgerCorrupted)) throw error;
    problems.add({ problem: error.message });
  }
  return [...problems.all, ...disorder.all];
}
