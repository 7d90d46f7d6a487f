import { viewsOriginIn } from '../views/sqlite/current-views.js';
import { SqliteViewsFileReader } from '../views/sqlite/sqlite-views-file.reader.js';
import { faultOf } from '../views/views-faults.js';
import type { ViewsFault } from '../views/views-store.port.js';
import { CommandRefused, lineOf } from './failure.js';
import { type LedgerPlace, openLedgerFeed } from './ledger-place.js';

/** Why a file of views cannot be served, after its name. */
const FAULTS: Readonly<Record<ViewsFault, string>> = {
  missing: 'is not there',
  unreadable: 'is no database of views, or is damaged',
  other_schema: 'is no database of views of this version: make it anew with `replay until`',
  other_ledger: 'was made from another ledger, or from this one before it was recovered',
  ahead_of_ledger: 'knows more than the ledger, which is an older copy',
  other_history: 'was made from another history of this ledger',
};

/**
 * Opens the one file of views that a server answers from, once it is known to belong to its ledger.
 * Throws a CommandRefused of one line.
 */
export async function openViewsFile(
  file: string,
  place: LedgerPlace,
): Promise<SqliteViewsFileReader> {
  const origin = readOrigin(file);
  if (typeof origin === 'string') throw refused(file, FAULTS[origin]);
  const ledger = await openLedgerFeed(place);
  try {
    const fault = await faultOf(origin, ledger);
    if (fault !== undefined) throw refused(file, FAULTS[fault]);
  } finally {
    await ledger.close();
  }
  if (origin.newest === null) throw refused(file, 'holds no event');
  return new SqliteViewsFileReader(file, origin.newest);
}

function readOrigin(file: string): ReturnType<typeof viewsOriginIn> {
  try {
    return viewsOriginIn(file);
  } catch (error) {
    throw refused(file, `cannot be opened: ${lineOf(error)}`);
  }
}

function refused(file: string, why: string): CommandRefused {
  return new CommandRefused(`TOKEN_LEDGER_VIEWS_FILE ${file} ${why}`);
}
