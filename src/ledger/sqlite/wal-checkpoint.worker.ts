import { parentPort, workerData } from 'node:worker_threads';
import Database from 'better-sqlite3';
import { checkpointWal } from './wal-checkpoint.js';

const handle = new Database((workerData as { file: string }).file, { timeout: 5000 });
handle.pragma('wal_autocheckpoint = 0');
handle.pragma('synchronous = FULL');

parentPort?.on('message', () => {
  checkpointWal(handle);
  parentPort?.postMessage('done');
});
