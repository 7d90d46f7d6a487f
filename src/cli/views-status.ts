import type { Command } from 'commander';
import type { ViewsFault } from '../views/views-store.port.js';
import { requireWholeLedger } from './ledger-place.js';
import { operatorSettings } from './operator-settings.js';
import { countText, factsText, isoTime, printJson, printLines, timeText } from './terminal.js';
import { verb } from './verb.js';
import { standingOf, type ViewsStanding } from './views-current.js';
import { viewsPlaceOf } from './views-thread.js';

interface Options {
  readonly json?: boolean;
}

/** Why views cannot be used, for people. */
const FAULTS: Readonly<Record<ViewsFault, string>> = {
  missing: 'there are none yet',
  unreadable: 'they are damaged',
  other_schema: 'they are of another version',
  other_ledger: 'they were made from another ledger',
  ahead_of_ledger: 'they know more than the ledger, which is an older copy',
  other_history: 'the ledger has another history, and is a copy that went on differently',
};

/** Shows how far the views are behind the ledger. */
export function viewsStatusVerb(): Command {
  return verb({
    name: 'status',
    summary: 'show how far the views are behind the ledger',
    details:
      'Views that cannot be used are built anew when a server starts, or by `views rebuild`.',
    examples: ['token-ledger views status', 'token-ledger views status --json | jq .lagEvents'],
    json: `{ number, position, at, ledgerEvents, lagEvents, fault }
number, position and at are null when there is nothing to read; fault is null, or one of
${Object.keys(FAULTS).join(', ')}`,
  }).action(status);
}

async function status(options: Options): Promise<void> {
  const settings = operatorSettings();
  await requireWholeLedger(settings);
  const standing = await standingOf(viewsPlaceOf(settings));
  if (options.json === true) printJson(statusJson(standing));
  else printLines(statusText(standing));
}

function statusJson({ number, newest, ledgerEvents, fault }: ViewsStanding): object {
  return {
    number: number ?? null,
    position: newest?.position ?? null,
    at: newest === null ? null : isoTime(newest.at),
    ledgerEvents,
    lagEvents: ledgerEvents - eventsIn(newest),
    fault: fault ?? null,
  };
}

function statusText({ number, newest, ledgerEvents, fault }: ViewsStanding): string {
  return factsText([
    ['Views', number === undefined ? undefined : `${number}.sqlite`],
    ['Not usable', fault === undefined ? undefined : FAULTS[fault]],
    ['Newest event', newest === null ? undefined : `${newest.position}, ${timeText(newest.at)}`],
    ['Ledger', countText(ledgerEvents, 'event')],
    ['Behind by', countText(ledgerEvents - eventsIn(newest), 'event')],
  ]);
}

function eventsIn(newest: ViewsStanding['newest']): number {
  return (newest?.position ?? -1) + 1;
}
