/**
 * Loaded into each node of a cluster before anything else: the node ends when the test that started it
 * does, however that ends, and its clock is ahead by as many milliseconds as a file says.
 */
import { readFileSync } from 'node:fs';
import { isMainThread } from 'node:worker_threads';

/** How often the parent is looked for, and the file read at most. In milliseconds. */
const INTERVAL = 250;
const CLOCK_INTERVAL = 20;

if (isMainThread) {
  const parent = process.ppid;
  setInterval(
    () => process.ppid === parent || process.kill(process.pid, 'SIGKILL'),
    INTERVAL,
  ).unref();
}

const { TEST_CLOCK_FILE: file } = process.env;
if (file !== undefined) {
  const now = Date.now.bind(Date);
  let ahead = 0;
  let readAt = -Infinity;
  Date.now = () => {
    if (performance.now() - readAt > CLOCK_INTERVAL) {
      ahead = Number(readFileSync(file, 'utf8'));
      readAt = performance.now();
    }
    return now() + ahead;
  };
}
