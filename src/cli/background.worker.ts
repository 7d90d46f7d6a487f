import { readlinkSync } from 'node:fs';
import { setPriority } from 'node:os';
import { basename } from 'node:path';
import { parentPort } from 'node:worker_threads';
import type { PartMessage, PartReport } from './background-thread.js';
import { beginPart, type PartName, type RunningPart } from './background-work.js';

/** Where one core serves everything: a quarter of it at most while there are requests. */
const NICE = 5;

yieldToRequests();
const parts = new Map<PartName, Promise<RunningPart<PartName>>>();

// What fails while a part runs ends the thread, and is told to every part of it.
parentPort?.on('message', (message: PartMessage) => void receive(message));

/** Linux has a priority for each thread; elsewhere this thread has that of the others. */
function yieldToRequests(): void {
  try {
    setPriority(Number(basename(readlinkSync('/proc/thread-self'))), NICE);
  } catch {
    // Nothing depends on it.
  }
}

async function receive(message: PartMessage): Promise<void> {
  const { part } = message;
  if ('work' in message) {
    const begun = begin(message);
    parts.set(part, begun);
    await begun.catch((failure: unknown) => {
      parts.delete(part);
      say({ part, failure });
    });
    return;
  }
  const running = await parts.get(part);
  if ('order' in message) {
    running?.tell(message.order as never);
    return;
  }
  parts.delete(part);
  await running?.stop();
  say({ part, isStopped: true });
  if (parts.size === 0) parentPort?.close();
}

function begin({ part, work }: Extract<PartMessage, { work: unknown }>) {
  const report = (said: unknown): void => say({ part, report: said });
  return beginPart[part](work as never, report) as Promise<RunningPart<PartName>>;
}

function say(report: PartReport): void {
  // oxlint-disable-next-line unicorn/require-post-message-target-origin -- a thread has no origin
  parentPort?.postMessage(report);
}
