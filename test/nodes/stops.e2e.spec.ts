import { setTimeout as pause } from 'node:timers/promises';
import { describe, expect, it } from '@jest/globals';
import pg from 'pg';
import { startServer } from '../../src/cli/serve.js';
import { readSettings } from '../../src/config/settings.js';
import { lockDataDirectory } from '../../src/ledger/sqlite/ledger-locks.js';
import { createServiceLog } from '../../src/operations/service-log.js';
import { newServerStore } from '../support/server-store.js';
import { sharedSettings } from './http-nodes.js';
import { nodePlaces } from './node-places.js';

const newPlace = nodePlaces();

function refusalOf(attempt: () => void): unknown {
  try {
    attempt();
    return undefined;
  } catch (error) {
    return error;
  }
}

describe('a node that stops', () => {
  it('keeps others off its data directory until it has left the other nodes', async () => {
    const store = await newServerStore();
    const { environment } = await newPlace(store, sharedSettings());
    const settings = readSettings(environment);
    const server = await startServer(settings, { log: createServiceLog('silent') });
    const owner = new pg.Client({
      connectionString: store.environment['TOKEN_LEDGER_DATABASE_OWNER'],
    });
    await owner.connect();
    // It cannot say that it leaves, and so is in the middle of its stop.
    await owner.query('BEGIN; LOCK TABLE ledger.nodes');
    const closing = server.close();
    const waiting = `SELECT 1 FROM pg_stat_activity
      WHERE wait_event_type = 'Lock' AND query LIKE 'DELETE FROM ledger.nodes%'`;
    while ((await owner.query(waiting)).rowCount === 0) await pause(10);
    const refusal = refusalOf(() => lockDataDirectory(settings.dataDirectory)());
    await owner.query('ROLLBACK');
    await owner.end();
    await closing;
    expect(refusal).toMatchObject({ code: 'ledger_locked' });
    expect(refusalOf(() => lockDataDirectory(settings.dataDirectory)())).toBeUndefined();
    await store.remove();
  });
});
