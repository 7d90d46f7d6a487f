import { parentPort, workerData } from 'node:worker_threads';
import { sealLedger, type SealingWork } from './sealer-thread.js';

const sealing = await sealLedger(workerData as SealingWork, (report) => {
  // oxlint-disable-next-line unicorn/require-post-message-target-origin -- a thread has no origin
  parentPort?.postMessage(report);
});

parentPort?.on('message', () => {
  void sealing.stop().then(() => parentPort?.close());
});
