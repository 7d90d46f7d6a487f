import type { Command } from 'commander';
import { type RebuildOutcome, rebuildViews } from '../views/views-rebuild.js';
import { CommandRefused } from './failure.js';
import { openLedgerFeed, requireWholeLedger } from './ledger-place.js';
import { operatorSettings } from './operator-settings.js';
import { withProgress } from './progress.js';
import { countText, printJson, printLines } from './terminal.js';
import { verb } from './verb.js';
import { type ViewsPlace, viewsPlaceOf, viewsShelfOf } from './views-thread.js';

interface Options {
  readonly json?: boolean;
}

/** Builds the views anew beside those that serve. */
export function viewsRebuildVerb(): Command {
  return verb({
    name: 'rebuild',
    summary: 'build the views anew from the ledger, beside those that serve',
    details: `A server that runs answers from the views it has, and from the new ones within a second of their
being done. What interrupts this leaves everything as it was.`,
    examples: ['token-ledger views rebuild', 'token-ledger views rebuild --json'],
    json: '{ number, events }',
  }).action(rebuild);
}

async function rebuild(options: Options): Promise<void> {
  const settings = operatorSettings();
  await requireWholeLedger(settings);
  const place = viewsPlaceOf(settings);
  const isQuiet = options.json === true;
  const outcome = await rebuildAt(place, isQuiet);
  if (outcome.kind !== 'rebuilt') {
    throw new CommandRefused('another process is building views: wait until it is done');
  }
  const { number, events } = outcome;
  if (isQuiet) printJson({ number, events });
  else printLines(`The views are built from ${countText(events, 'event')}.`);
}

async function rebuildAt(place: ViewsPlace, isQuiet: boolean): Promise<RebuildOutcome> {
  const ledger = await openLedgerFeed(place);
  const names = { doing: 'building', done: 'in the views' };
  try {
    return await withProgress(names, isQuiet, (tell) =>
      rebuildViews(ledger, viewsShelfOf(place), tell),
    );
  } finally {
    await ledger.close();
  }
}
