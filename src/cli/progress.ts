import { SingleBar } from 'cli-progress';
import { countText } from './terminal.js';

/** Is told how far a long work on events has come, and of how many. */
export type Tell = (done: number, total: number) => void;

/** Tells somebody who waits how far a long work on events has come. */
export interface Progress {
  readonly tell: Tell;
  /** Says whether the work succeeded. */
  readonly end: (isDone: boolean) => void;
}

/** What the work is called while it runs, and once it is done: `verifying`, `verified`. */
export interface WorkName {
  readonly doing: string;
  readonly done: string;
}

/** Lines are at least so far apart: short work has none, in milliseconds. */
const LINE_INTERVAL = 1000;
/** And at least so large a part of the work, however long it takes. */
const LINE_SHARE = 0.1;

/**
 * Does a long work on events and shows on standard error how far it has come, unless it is to be quiet:
 * as a bar on a terminal, elsewhere as lines. Standard output is left to what comes of it.
 */
export async function withProgress<Result>(
  name: WorkName,
  isQuiet: boolean,
  work: (tell: Tell) => Promise<Result>,
): Promise<Result> {
  if (isQuiet) return work(() => undefined);
  const progress = process.stderr.isTTY
    ? progressBar(name)
    : progressLines(name, (line) => process.stderr.write(`${line}\n`), Date.now);
  let isDone = false;
  try {
    const result = await work(progress.tell);
    isDone = true;
    return result;
  } finally {
    progress.end(isDone);
  }
}

/**
 * Tells progress in at most about ten lines, none at all where the work is short. Where there were any,
 * the last one of work that succeeded says how far it came, which is all of it. `now` in milliseconds.
 */
export function progressLines(
  name: WorkName,
  print: (line: string) => void,
  now: () => number,
): Progress {
  let toldAt: number | undefined;
  let told: string | undefined;
  let toldShare = 0;
  let newest = '';
  return {
    tell: (done, total) => {
      newest = `${done.toLocaleString('en-US')} of ${countText(total, 'event')} ${name.done}`;
      // From the first sign of it: what a short work waits for before is no progress.
      toldAt ??= now();
      if (now() - toldAt < LINE_INTERVAL || done / total - toldShare < LINE_SHARE) return;
      toldAt = now();
      toldShare = done / total;
      told = newest;
      print(newest);
    },
    end: (isDone) => {
      if (isDone && told !== undefined && told !== newest) print(newest);
    },
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
