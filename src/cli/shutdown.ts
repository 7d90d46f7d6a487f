import { constants } from 'node:os';
import type { Logger } from 'pino';
import type { RunningServer } from './serve.js';

/** Requests that are not answered so long after the signal are cut off, in milliseconds. */
const CONNECTIONS_CUT_AFTER = 8_000;
/** The process is gone so long after the signal, come what may, in milliseconds. */
const GONE_AFTER = 10_000;
/** The last lines of the log are waited for so long, in milliseconds. */
const LOG_WRITTEN_WITHIN = 1_000;

const SIGNALS = ['SIGTERM', 'SIGINT'] as const;

/**
 * Stops a server when the process is told to: no new requests, those that run are finished, what was
 * accepted is written, exit code 0. A second signal ends the process at once. A ledger that contradicts
 * itself, or is an old copy, stops the server too, with exit code 1: no answer could be trusted.
 */
export function stopWhenTold(server: RunningServer): void {
  let isStopping = false;
  const stop = (reason: string, exitCode: number): void => {
    if (isStopping) return;
    isStopping = true;
    server.log.info({ reason }, 'shutting down');
    void shutDown(server).then(async (isClean) => {
      await lastLines(server.log);
      process.exit(isClean ? exitCode : 1);
    });
  };
  for (const signal of SIGNALS) {
    process.on(signal, () => {
      if (isStopping) process.exit(128 + constants.signals[signal]);
      stop(signal, 0);
    });
  }
  void server.corrupted.then((error) => {
    server.log.fatal({ err: error }, 'the ledger contradicts itself, or what it was before');
    stop('ledger_corrupted', 1);
  });
}

/** Closes the server within ten seconds. Whether everything was closed. */
async function shutDown({ close, cut, log }: RunningServer): Promise<boolean> {
  const patience = setTimeout(() => {
    log.warn('requests that were not answered in time are cut off');
    cut();
  }, CONNECTIONS_CUT_AFTER);
  try {
    await Promise.race([close(), late()]);
    log.info('shut down');
    return true;
  } catch (error) {
    log.error({ err: error }, 'the server did not shut down as it should');
    return false;
  } finally {
    clearTimeout(patience);
  }
}

async function late(): Promise<never> {
  await new Promise((resolve) => setTimeout(resolve, GONE_AFTER).unref());
  throw new Error(`not everything was closed within ${GONE_AFTER / 1000} s`);
}

/** Waits until the log is written, but for no reader that stands still. */
async function lastLines(log: Logger): Promise<void> {
  const written = new Promise<void>((resolve) => log.flush(() => resolve()));
  const patience = new Promise((resolve) => setTimeout(resolve, LOG_WRITTEN_WITHIN));
  await Promise.race([written, patience]);
}
