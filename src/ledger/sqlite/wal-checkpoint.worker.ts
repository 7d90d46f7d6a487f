import { parentPort, workerData } from 'node:worker_threads';
import Database from 'better-sqlite3';
import { checkpointWal, type CheckpointAnswer, type CheckpointRequest } from './wal-checkpoint.js';

const handle = new Database((workerData as { file: string }).file, { timeout: 5000 });
handle.pragma('wal_autocheckpoint = 0');
handle.pragma('synchronous = FULL');

parentPort?.on('message', (request: CheckpointRequest) => {
  if (request === 'close') {
    handle.close();
    parentPort?.close();
    return;
  }
  // oxlint-disable-next-line unicorn/require-post-message-target-origin -- a thread has no origin
  parentPort?.postMessage(checkpoint());
});

function checkpoint(): CheckpointAnswer {
  try {
    checkpointWal(handle);
    return undefined;
  } catch (error) {
    return error as Error;
  }
}
