import { existsSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { Worker } from 'node:worker_threads';
import type { VerificationProblem } from '../ledger/verification/verification-problems.js';
import type { VerificationTask } from '../ledger/verification/verification.task.js';
import type { TaskRunner } from '../ledger/verification/verify-ledger.js';
import type { LedgerPlace } from './ledger-place.js';

const THREADS_MAX = 8;
/** What a thread makes of a page of events dies young in so much room, in megabytes. */
const YOUNG_GENERATION_MAX = 96;

const workerFile = new URL('verify.worker.js', import.meta.url);

/** What a thread says of its task: events that were read, or, as the last, what it found. */
export type TaskReport =
  { readonly events: number } | { readonly problems: readonly VerificationProblem[] };

/** Threads that verify a ledger, each on a handle of its own. */
export interface VerificationThreads extends TaskRunner {
  close(): Promise<void>;
}

/** Threads for as many cores as there are, at most 8; undefined where there is no build to start one from. */
export function verificationThreads(
  place: LedgerPlace,
  threads = Math.min(availableParallelism(), THREADS_MAX),
): VerificationThreads | undefined {
  if (!existsSync(workerFile)) return undefined;
  const crew = Array.from({ length: threads }, () => startThread(place));
  return {
    threads,
    run: async (tasks, onEvents) => {
      const found: (readonly VerificationProblem[])[] = [];
      const waiting = tasks.entries();
      const work = async ({ worker, failed }: Thread): Promise<void> => {
        for (const [index, task] of waiting) {
          found[index] = await Promise.race([failed, runOn(worker, task, onEvents)]);
        }
      };
      await Promise.all(crew.map(work));
      return found;
    },
    close: async () => {
      await Promise.all(crew.map(({ worker }) => worker.terminate()));
    },
  };
}

interface Thread {
  readonly worker: Worker;
  /** Rejected when the thread ends with an error, at whatever time. */
  readonly failed: Promise<never>;
}

function startThread(place: LedgerPlace): Thread {
  const worker = new Worker(workerFile, {
    workerData: place,
    resourceLimits: { maxYoungGenerationSizeMb: YOUNG_GENERATION_MAX },
  });
  const failed = new Promise<never>((_, reject) => {
    worker.once('error', reject);
  });
  // One that fails before it has a task is told of when it gets one.
  failed.catch(() => undefined);
  return { worker, failed };
}

function runOn(
  worker: Worker,
  task: VerificationTask,
  onEvents: (events: number) => void,
): Promise<readonly VerificationProblem[]> {
  return new Promise((resolve) => {
    const onMessage = (report: TaskReport): void => {
      if ('events' in report) {
        onEvents(report.events);
        return;
      }
      worker.off('message', onMessage);
      resolve(report.problems);
    };
    worker.on('message', onMessage);
    // oxlint-disable-next-line unicorn/require-post-message-target-origin -- a thread has no origin
    worker.postMessage(task);
  });
}
