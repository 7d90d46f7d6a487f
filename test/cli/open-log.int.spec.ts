import { generateKeyPairSync } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { openLog } from '../../src/cli/open-log.js';
import { closeResources, openResources, type Resources } from '../../src/cli/resources.js';
import { readSettings } from '../../src/config/settings.js';
import { signAcknowledgement } from '../../src/ledger/sealing/acknowledgement.js';
import { CheckpointSigner } from '../../src/ledger/sealing/checkpoint-signer.js';
import { originOfEpoch } from '../../src/ledger/sealing/log-origin.js';
import { append } from '../support/ledger-executions.js';
import { rootOf } from '../ledger/sealing/sealed-ledger.js';
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

/** Appends what names the right key, acknowledged by whatever key. */
async function beginEpoch(signer: CheckpointSigner, by: CheckpointSigner): Promise<void> {
  const { ledger, sealReads } = resources;
  const known = { ...(await sealReads.log()), size: 1, root: await rootOf(sealReads, 1) };
  const origin = originOfEpoch(known.origin, 1, 'deadbeef');
  const acknowledgement = signAcknowledgement(by, { ...known, origin }, known);
  const verifierKey = signer.verifierKey(origin);
  const data = { origin, epoch: 1, verifierKey, size: 1, acknowledgement };
  await append(ledger, 'log', '0', [{ type: 'LedgerRestored', data }]);
}

describe('the log of a ledger', () => {
  it('is opened once, under the origin that the ledger was made with', async () => {
    const key = await openLog(resources);
    expect(await openLog(resources)).toEqual(key);
    const { events } = await resources.ledger.eventsAfter(null, 10);
    const { origin } = await resources.sealReads.log();
    expect(events).toMatchObject([
      {
        type: 'LogOpened',
        streamId: 'log:0',
        actor: 'system',
        data: { origin, epoch: 0, verifierKey: new CheckpointSigner(key).verifierKey(origin) },
      },
    ]);
  });

  it('is refused in an epoch that only the database names', async () => {
    await openLog(resources);
    onDatabase(resources.settings.ledgerFile, (database) => {
      database.exec(`INSERT INTO logs SELECT 0, origin || '/1-deadbeef', 1, 1 FROM logs`);
    });
    await expect(openLog(resources)).rejects.toThrow('no event of the log began epoch 1');
  });

  it('is opened again in an epoch that its key began', async () => {
    const key = await openLog(resources);
    await beginEpoch(new CheckpointSigner(key), new CheckpointSigner(key));
    expect(await openLog(resources)).toEqual(key);
  });

  it('is refused in an epoch that another key began', async () => {
    const stranger = generateKeyPairSync('ed25519').privateKey;
    const by = new CheckpointSigner(stranger.export({ format: 'der', type: 'pkcs8' }));
    await beginEpoch(new CheckpointSigner(await openLog(resources)), by);
    await expect(openLog(resources)).rejects.toThrow(
      'epoch 1 of the ledger is not acknowledged by the key of the log: put the right ledger back',
    );
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
