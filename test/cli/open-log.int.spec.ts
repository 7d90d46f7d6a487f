import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { openLog } from '../../src/cli/open-log.js';
import { closeResources, openResources, type Resources } from '../../src/cli/resources.js';
import { readSettings } from '../../src/config/settings.js';
import { CheckpointSigner } from '../../src/ledger/sealing/checkpoint-signer.js';
import { onDatabase } from '../support/ledger-sqlite.js';

let directory: string;
let resources: Resources;

beforeEach(async () => {
  directory = mkdtempSync(join(tmpdir(), 'token-ledger-log-'));
  const settings = readSettings({
    TOKEN_LEDGER_DATA_DIR: join(directory, 'data'),
    TOKEN_LEDGER_MASTER_KEY_FILE: join(directory, 'keys/master.key'),
  });
  resources = await openResources(settings, 'server');
});

afterEach(async () => {
  await closeResources(resources);
  rmSync(directory, { recursive: true });
});

function inVault(sql: string): void {
  onDatabase(join(directory, 'data/vault.sqlite'), (database) => void database.exec(sql));
}

describe('the log of a ledger', () => {
  it('is opened once, under the origin that the ledger was made with', async () => {
    const key = await openLog(resources);
    expect(await openLog(resources)).toEqual(key);
    const { events } = await resources.ledger.eventsAfter(null, 10);
    const { origin } = resources.sealReads.log();
    expect(events).toMatchObject([
      {
        type: 'LogOpened',
        streamId: 'log:0',
        actor: 'system',
        data: { origin, epoch: 0, verifierKey: new CheckpointSigner(key).verifierKey(origin) },
      },
    ]);
  });

  it('goes on where the first start was killed after the key was made', async () => {
    const key = await openLog(resources);
    onDatabase(resources.settings.ledgerFile, (database) => {
      database.exec('DROP TRIGGER events_refuse_delete; DELETE FROM events; DELETE FROM streams');
    });
    expect(await openLog(resources)).toEqual(key);
    expect(await resources.ledger.size()).toBe(1);
  });

  it('is not gone on with when the vault has lost its key', async () => {
    await openLog(resources);
    inVault('DELETE FROM private_keys');
    await expect(openLog(resources)).rejects.toThrow('the vault has not the key');
    expect(await resources.ledger.size()).toBe(1);
  });

  it('is not gone on with under another key', async () => {
    await openLog(resources);
    inVault('DELETE FROM private_keys');
    onDatabase(resources.settings.ledgerFile, (database) => {
      database.exec(`UPDATE streams SET stream_id = 'log:1'`);
    });
    await openLog(resources);
    onDatabase(resources.settings.ledgerFile, (database) => {
      database.exec(`UPDATE streams SET stream_id = 'log:2' WHERE stream_id = 'log:0'`);
      database.exec(`UPDATE streams SET stream_id = 'log:0' WHERE stream_id = 'log:1'`);
    });
    await expect(openLog(resources)).rejects.toThrow('the vault has not the key');
  });
});
