import { monitorEventLoopDelay } from 'node:perf_hooks';
import path from 'node:path';
import { openSqliteLedger } from '../dist/ledger/sqlite/open-sqlite-ledger.js';
import { openSqliteLedgerReader } from '../dist/ledger/sqlite/sqlite-ledger.reader.js';
import { runBacktest } from '../dist/replay/backtest.runner.js';
import { FeedUpTo } from '../dist/replay/feed-up-to.js';
import { ReplayDifferenceHandler } from '../dist/replay/replay-difference.handler.js';
import { ReplayStateHandler } from '../dist/replay/replay-state.handler.js';
import { SqliteViewsBuild } from '../dist/views/sqlite/sqlite-views.build.js';
import { rebuildViews } from '../dist/views/views-rebuild.js';
import { LONGEST_STREAM, settingsIn } from './replay-ledger.js';

/**
 * What one reading took.
 * @typedef {{ events: number, seconds: number, turnMilliseconds: number, rssMegabytes: number }} Measured
 */

/** @type {Record<string, (directory: string) => Promise<Measured>>} */
export const PHASES = {
  'state of the longest stream': (directory) =>
    onLedger(directory, async (ledger) => {
      const handler = new ReplayStateHandler(ledger);
      const { version } = await handler.execute({ streamId: LONGEST_STREAM });
      return version;
    }),
  'difference on the longest stream': (directory) =>
    onLedger(directory, async (ledger, size) => {
      const handler = new ReplayDifferenceHandler(ledger);
      const from = { position: Math.floor(size / 2) };
      await handler.execute({ streamId: LONGEST_STREAM, from });
      return (await ledger.streamRow('family', LONGEST_STREAM.slice('family:'.length))).version;
    }),
  'backtest of all families': (directory) =>
    onLedger(directory, async (ledger, size) => {
      await runBacktest(ledger, { from: 0, to: size - 1, policy: { retryWindow: 5000 } });
      return size;
    }),
  'views until the end': (directory) =>
    measured(async () => {
      const feed = openSqliteLedgerReader(settingsIn(directory).ledgerFile);
      const size = await feed.size();
      const build = (log) =>
        SqliteViewsBuild.begin(path.join(directory, 'until.sqlite'), 1, log, {
          publish: () => undefined,
          discard: () => undefined,
          release: () => undefined,
        });
      await rebuildViews(new FeedUpTo(feed, size - 1), { build });
      feed.close();
      return size;
    }),
};

async function onLedger(directory, work) {
  const settings = settingsIn(directory);
  const ledger = await openSqliteLedger({ settings, role: 'command_line' });
  try {
    const size = await ledger.size();
    return await measured(() => work(ledger, size));
  } finally {
    await ledger.close();
  }
}

/**
 * @param {() => Promise<number>} work answers with how many events it was on
 * @returns {Promise<Measured>}
 */
async function measured(work) {
  const delay = monitorEventLoopDelay({ resolution: 1 });
  delay.enable();
  const begun = performance.now();
  const events = await work();
  const seconds = (performance.now() - begun) / 1000;
  delay.disable();
  const rssMegabytes = process.resourceUsage().maxRSS / 1024;
  return { events, seconds, turnMilliseconds: delay.max / 1e6, rssMegabytes };
}
