import type Database from 'better-sqlite3';
import { DEFAULT_PROJECT } from '../../src/domain/identifiers.js';
import type { Ledger } from '../../src/ledger/ledger.port.js';
import { openSqliteSource } from '../../src/ledger/sqlite/sqlite-ledger.source.js';
import type { LedgerSource } from '../../src/ledger/verification/ledger.source.js';
import {
  type VerificationOptions,
  type VerificationReport,
  verifyLedger,
} from '../../src/ledger/verification/verify-ledger.js';
import {
  accountCreated,
  append,
  ATTRIBUTION,
  clientRegistered,
  consented,
  incidentOpened,
  ORIGIN,
  recorded,
} from './ledger-executions.js';
import { beginFamily, refreshFamily } from './ledger-families.js';
import { onDatabase } from './ledger-sqlite.js';

/** A family of `fillLedger`: its events stand at 5, 6, 7 and 9. */
export const FILLED_FAMILY = '019a43c1e4007abc8def0123456789ab';

/** Fills a ledger with a little of everything: 17 events of 9 streams, 8 of them with an origin. */
export async function fillLedger(ledger: Ledger): Promise<void> {
  await append(ledger, 'project', DEFAULT_PROJECT, [
    { type: 'ProjectCreated', data: { slug: DEFAULT_PROJECT } },
  ]);
  await append(ledger, 'client', 'photo-app', [clientRegistered('Photo app “ü”')]);
  await append(ledger, 'account', 'ana', [accountCreated('digest-of-ana')]);
  await append(ledger, 'consent', 'ana-photo-app', [consented(['photos:read'])]);
  await append(ledger, 'incident', 'incident-1', [incidentOpened()]);
  await beginFamily(ledger, FILLED_FAMILY);
  await refreshFamily(ledger, FILLED_FAMILY, 0);
  await append(ledger, 'administration', 'admin', [recorded('one')]);
  await refreshFamily(ledger, FILLED_FAMILY, 0);
  await append(ledger, 'consent', 'ana-photo-app', [consented(['email', 'photos:read'])]);
  const asked = { ...ATTRIBUTION, origin: ORIGIN };
  await append(ledger, 'administration', 'admin', [recorded('two'), recorded('three')], asked);
  await append(ledger, 'session', 'session-1', [
    { type: 'SessionStarted', data: { subject: 'ana', authTime: 1, amr: ['pwd'], expiresAt: 9 } },
    { type: 'SessionEnded', data: { reason: 'signed_out' } },
  ]);
  await refreshFamily(ledger, FILLED_FAMILY, 1);
  await append(ledger, 'client', 'other-app', [clientRegistered('Other app')], asked);
}

/** Changes a ledger's database as someone could who may write the file; its triggers stay as they are. */
export function tamper(file: string, change: (database: Database.Database) => void): void {
  onDatabase(file, (database) => {
    const triggers = database
      .prepare<[], { name: string; sql: string }>(
        "SELECT name, sql FROM sqlite_master WHERE type = 'trigger'",
      )
      .all();
    for (const { name } of triggers) database.exec(`DROP TRIGGER ${name}`);
    change(database);
    for (const { sql } of triggers) database.exec(sql);
  });
}

/** Verifies the ledger in a file; `wrap` may stand between. */
export async function verifyFile(
  file: string,
  wrap: (source: LedgerSource) => LedgerSource = (source) => source,
  streamsAtOnce?: number,
  options: VerificationOptions = {},
): Promise<VerificationReport> {
  const source = openSqliteSource(file);
  try {
    return await verifyLedger(wrap(source), { streamsAtOnce, ...options });
  } finally {
    await source.close();
  }
}
