import { parentPort, workerData } from 'node:worker_threads';
import { runTask, type VerificationTask } from '../ledger/verification/verification.task.js';
import { type LedgerPlace, openSourceOf } from './ledger-place.js';
import type { TaskReport } from './verification-threads.js';

const source = await openSourceOf(workerData as LedgerPlace);

parentPort?.on('message', (task: VerificationTask) => void verify(task));

async function verify(task: VerificationTask): Promise<void> {
  report({ problems: await runTask(source, task, (events) => report({ events })) });
}

function report(said: TaskReport): void {
  // oxlint-disable-next-line unicorn/require-post-message-target-origin -- a thread has no origin
  parentPort?.postMessage(said);
}
