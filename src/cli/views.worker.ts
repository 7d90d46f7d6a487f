import { parentPort, workerData } from 'node:worker_threads';
import { followLedger, type ViewsOrder, type ViewsPlace } from './views-thread.js';

const follower = await followLedger(workerData as ViewsPlace, (report) => {
  // oxlint-disable-next-line unicorn/require-post-message-target-origin -- a thread has no origin
  parentPort?.postMessage(report);
});

parentPort?.on('message', (order: ViewsOrder) => {
  if (order === 'wake') follower.wake();
  else if (order !== 'stop') follower.distrust(order.damaged);
  else void follower.stop().then(() => parentPort?.close());
});
