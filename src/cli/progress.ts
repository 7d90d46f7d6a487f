import { SingleBar } from 'cli-progress';
import { countText, printLines } from './terminal.js';

/** Tells somebody who waits how far a long work on events has come. */
export interface Progress {
  readonly tell: (done: number, total: number) => void;
  readonly end: () => void;
}

/** What the work is called while it runs, and once it is done: `verifying`, `verified`. */
export interface WorkName {
  readonly doing: string;
  readonly done: string;
}

/** How often progress is told where there is no terminal, in milliseconds. */
const TELL_INTERVAL = 1000;

/** Shows a bar on a terminal, and prints a line now and then elsewhere. */
export function tellProgress(name: WorkName): Progress {
  if (process.stderr.isTTY) return progressBar(name);
  let toldAt = Date.now();
  return {
    tell: (done, total) => {
      if (Date.now() - toldAt < TELL_INTERVAL) return;
      toldAt = Date.now();
      printLines(`${done.toLocaleString('en-US')} of ${countText(total, 'event')} ${name.done}`);
    },
    end: () => undefined,
  };
}

function progressBar({ doing }: WorkName): Progress {
  const bar = new SingleBar({
    format: `${doing} {bar} {percentage} %  {value} of {total} events`,
    barCompleteChar: '█',
    barIncompleteChar: '░',
    stream: process.stderr,
    clearOnComplete: true,
    hideCursor: true,
    linewrap: null,
  });
  let isStarted = false;
  return {
    tell: (done, total) => {
      if (!isStarted) bar.start(total, done);
      isStarted = true;
      bar.setTotal(total);
      bar.update(done);
    },
    end: () => bar.stop(),
  };
}
