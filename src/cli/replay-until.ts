import { closeSync, existsSync, linkSync, openSync, rmSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import type { Command } from 'commander';
import { type At, type Moment, pastMomentAt } from '../access/moment.js';
import { randomToken } from '../config/random-identifiers.js';
import type { LedgerFeed } from '../ledger/ledger-feed.port.js';
import { FeedUpTo } from '../replay/feed-up-to.js';
import { SqliteViewsBuild } from '../views/sqlite/sqlite-views.build.js';
import { rebuildViews } from '../views/views-rebuild.js';
import type { ViewsShelf } from '../views/views-store.port.js';
import { CommandRefused } from './failure.js';
import { type LedgerPlace, openLedgerFeed, requireWholeLedger } from './ledger-place.js';
import { operatorSettings } from './operator-settings.js';
import { withProgress } from './progress.js';
import { moment, noSuchMoment } from './replay.js';
import { countText, isoTime, printJson, printLines } from './terminal.js';
import { verb } from './verb.js';

interface Options {
  readonly out: string;
  readonly json?: boolean;
}

/** Fills a database of views from the events up to a moment. */
export function replayUntilVerb(): Command {
  return verb({
    name: 'until',
    summary: 'fill a database of views from all that had happened by a moment',
    details: `The file is the views of the service as they were then: SQLite, to be asked with SQL:
sqlite3 <file> .schema prints the tables, whose times are milliseconds since 1970. A server that is started
with TOKEN_LEDGER_VIEWS_FILE=<file> answers the audit API from it; best run that on a copy of the data, as it
serves everything else of the present. A time that is yet to come is refused. The file holds addresses that
were not erased since: keep it as you keep the ledger.`,
    examples: [
      'token-ledger replay until 2026-11-21T02:14:07Z --out /tmp/at-0214.sqlite',
      'token-ledger replay until 1204 --out /tmp/at-1204.sqlite --json',
      'TOKEN_LEDGER_VIEWS_FILE=/tmp/at-0214.sqlite token-ledger serve',
    ],
    json: '{ position, at, events, file }',
  })
    .argument('<moment>', 'a time (RFC 3339) or a position', moment)
    .requiredOption('--out <file>', 'where the database is made; nothing may be there yet')
    .action(replayUntil);
}

async function replayUntil(at: At, { out, json }: Options): Promise<void> {
  const place = operatorSettings();
  const file = resolve(out);
  if (existsSync(file)) throw isThere(file);
  await requireWholeLedger(place);
  const { position, recordedAt } = await fillViews(place, at, file, json === true);
  const events = position + 1;
  if (json === true) printJson({ position, at: isoTime(recordedAt), events, file });
  else printLines(`${file} has ${countText(events, 'event')}, up to position ${position}.`);
}

/** Fills a file with the views that there were at a moment, which is the answer. */
export async function fillViews(
  place: LedgerPlace,
  at: At,
  file: string,
  isQuiet: boolean,
): Promise<Moment> {
  const ledger = await openLedgerFeed(place);
  try {
    const found = await momentIn(ledger, at);
    const past = new FeedUpTo(ledger, found.position);
    await withProgress({ doing: 'replaying', done: 'replayed' }, isQuiet, (tell) =>
      rebuildViews(past, singleFile(file), tell),
    );
    return found;
  } finally {
    await ledger.close();
  }
}

async function momentIn(ledger: LedgerFeed, at: At): Promise<Moment> {
  const found = await pastMomentAt(
    {
      size: () => ledger.size(),
      eventsAfter: async (after, limit) => {
        const events = (await ledger.feed(after, limit)).map(({ event }) => event);
        return { events, next: events.at(-1)?.position ?? null };
      },
    },
    at,
  );
  if ('kind' in found) throw noSuchMoment(found);
  return found;
}

/**
 * A place for one database of views, which has its name only once it is whole. The draft is nobody
 * else's, and what has the name by then is not written over.
 */
function singleFile(file: string): Pick<ViewsShelf, 'build'> {
  const draft = `${file}.${randomToken(9)}.new`;
  const discard = (): void => {
    for (const end of ['-wal', '-shm', '']) rmSync(`${draft}${end}`, { force: true });
  };
  return {
    build: (log) => {
      makeDraft(draft);
      return SqliteViewsBuild.begin(draft, 1, log, {
        publish: () => {
          nameDraft(draft, file);
          discard();
        },
        discard,
        release: () => undefined,
      });
    },
  };
}

/** Throws a CommandRefused where no file can be made: a directory is never made here. */
function makeDraft(draft: string): void {
  try {
    closeSync(openSync(draft, 'wx', 0o600));
  } catch {
    throw new CommandRefused(`${dirname(draft)} cannot be written to: check the directory`);
  }
}

/** Another name for the draft, which unlike a move never takes the place of another file. */
function nameDraft(draft: string, file: string): void {
  try {
    linkSync(draft, file);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') throw isThere(file);
    throw error;
  }
}

function isThere(file: string): CommandRefused {
  return new CommandRefused(`${file} is there already`);
}
