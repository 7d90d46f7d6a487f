import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { startServer } from '../../src/cli/serve.js';
import { signAcknowledgement } from '../../src/ledger/sealing/acknowledgement.js';
import { CheckpointFile } from '../../src/ledger/sealing/checkpoint-file.js';
import { epochOfOrigin, originOfEpoch } from '../../src/ledger/sealing/log-origin.js';
import { checkpointOfNote } from '../../src/ledger/sealing/note-checkpoint.js';
import { createServiceLog } from '../../src/operations/service-log.js';
import { beginFamily, refresh } from '../support/http-flow.js';
import { HttpServer, type TestAccount, type TestClient } from '../support/http-server.js';
import { signer } from '../ledger/sealing/sealed-ledger.js';
import { tamper } from '../support/ledger-tampering.js';
import { copyStore, onlyOnSqlite, type StoreCopy, storedEvents } from '../support/server-store.js';
import {
  type Ended,
  endProcesses,
  runBuilt,
  temporaryDirectories,
  useBuild,
} from './built-processes.js';

useBuild();
const newDirectory = temporaryDirectories();
afterAll(endProcesses);

let server: HttpServer;
let shop: TestClient;
let ana: TestAccount;
/** What it had written before the test. */
let backup: StoreCopy;

beforeAll(async () => {
  server = await HttpServer.start();
  server.expectError(/an old copy of it was restored/);
  shop = await server.register('native');
  ana = await server.createAccount();
});

beforeEach(async () => {
  await server.restart(async () => {
    backup = await copyStore(server.settings);
  });
});

afterAll(() => server.close());

/** Runs the command line on the server's directories. */
function run(...words: readonly string[]): Promise<Ended> {
  const { port, issuer, dataDirectory, masterKeyFile, postgresUrl = '' } = server.settings;
  const environment = {
    PORT: String(port),
    TOKEN_LEDGER_ISSUER: issuer,
    TOKEN_LEDGER_DATA_DIR: dataDirectory,
    TOKEN_LEDGER_MASTER_KEY_FILE: masterKeyFile,
    TOKEN_LEDGER_DATABASE: postgresUrl,
  };
  return runBuilt('cli.js', words, { directory: newDirectory(), environment });
}

const startAlone = () => {
  const log = createServiceLog('silent');
  return startServer(server.settings, { log });
};

interface Recovered {
  readonly epoch: number;
  readonly origin: string;
  readonly size: number;
  readonly knownSize: number;
}

describe('an old copy of the ledger', () => {
  it('is refused, then accepted, and then every token of before is refused', async () => {
    const before = await beginFamily(server, shop, ana);
    await server.restart(async () => {
      backup = await copyStore(server.settings);
    });
    const rotated = await refresh(server, shop, before.refresh_token);
    const newest = await refresh(server, shop, rotated.body.refresh_token);
    const lost = await beginFamily(server, shop, ana);

    let recovered = {} as Recovered;
    await server.restart(async () => {
      await backup.putBack();
      await expect(startAlone()).rejects.toMatchObject({ code: 'ledger_rolled_back' });
      expect(await run('client', 'list')).toMatchObject({
        code: 1,
        stderr: expect.stringMatching(
          /^error: an old copy of the ledger was put back: .+ token-ledger recover\n$/,
        ) as unknown,
      });
      expect(await run('recover')).toMatchObject({
        code: 1,
        stdout: expect.stringMatching(/Lost +at least \d+ events\n/) as unknown,
        stderr: 'error: nothing was done: say --yes to go on\n',
      });
      await expect(startAlone()).rejects.toMatchObject({ code: 'ledger_rolled_back' });
      const { code, stdout } = await run('recover', '--yes', '--json');
      expect(code).toBe(0);
      recovered = JSON.parse(stdout) as Recovered;
    });
    expect(recovered.epoch).toBe(1);
    expect(recovered.knownSize).toBeGreaterThan(recovered.size);

    const { result, events } = await server.recorded(async () => {
      const tokens = [newest.body.refresh_token, before.refresh_token, lost.refresh_token];
      const answers = [];
      for (const token of tokens) answers.push(await refresh(server, shop, token));
      return answers;
    });
    expect(result.map(({ status, body }) => [status, (body as { error?: string }).error])).toEqual([
      [400, 'invalid_grant'],
      [400, 'invalid_grant'],
      [400, 'invalid_grant'],
    ]);
    const types = events.map(({ type }) => type);
    expect(types.filter((type) => type === 'LedgerRollbackSuspected')).toHaveLength(2);
    expect(types).toContain('FamilyRevoked');
    expect(types).toContain('IncidentOpened');

    const after = await beginFamily(server, shop, ana);
    expect((await refresh(server, shop, after.refresh_token)).status).toBe(200);

    await server.restart(async () => {
      const { stdout } = await run('checkpoint', 'show', '--json');
      expect(JSON.parse(stdout)).toMatchObject({
        epoch: 1,
        origin: recovered.origin,
        file: server.settings.checkpointFile,
      });
      expect(await run('verify')).toMatchObject({ code: 0 });
    });
  });

  it('from before a recovery needs one more, in an epoch of its own', async () => {
    await beginFamily(server, shop, ana);
    await server.restart(async () => {
      await backup.putBack();
      const { stdout } = await run('recover', '--yes', '--json');
      expect((JSON.parse(stdout) as Recovered).epoch).toBe(2);
    });
    await server.restart(async () => {
      await backup.putBack();
      await expect(startAlone()).rejects.toMatchObject({ code: 'ledger_rolled_back' });
      const { stdout } = await run('recover', '--yes', '--json');
      expect((JSON.parse(stdout) as Recovered).epoch).toBe(3);
    });
    const after = await beginFamily(server, shop, ana);
    expect((await refresh(server, shop, after.refresh_token)).status).toBe(200);
  });
});

describe('a recovery that fails', () => {
  onlyOnSqlite(() => {
    it('changes nothing where the ledger contradicts what was sealed of it', async () => {
      const { ledgerFile, checkpointFile } = server.settings;
      await server.restart(async () => {
        const intact = readFileSync(ledgerFile);
        const checkpoints = readFileSync(checkpointFile);
        tamper(ledgerFile, (database) => {
          database.exec(`UPDATE events SET body = replace(body, '"actor"', '"action"')
            WHERE position = (SELECT max(position) FROM events)`);
        });
        const tampered = await storedEvents(server.settings);
        expect(await run('recover', '--yes')).toMatchObject({
          code: 1,
          stderr: expect.stringMatching(
            /^error: no epoch was begun: .+ finds intact\n$/,
          ) as unknown,
        });
        expect(await storedEvents(server.settings)).toEqual(tampered);
        expect(readFileSync(checkpointFile)).toEqual(checkpoints);
        for (const suffix of ['-wal', '-shm']) rmSync(`${ledgerFile}${suffix}`, { force: true });
        writeFileSync(ledgerFile, intact);
      });
    });
  });

  it('can be asked again, and its epoch is given to nobody else', async () => {
    const { checkpointFile } = server.settings;
    await beginFamily(server, shop, ana);
    await server.restart(async () => {
      const file = new CheckpointFile(checkpointFile);
      const known = checkpointOfNote(file.last()?.note ?? '');
      if (known === undefined) throw new Error('nothing was sealed');
      // What a recovery leaves that came as far as the file, and not to its commit.
      const epoch = epochOfOrigin(known.origin) + 1;
      const kept = { ...known, origin: originOfEpoch(known.origin, epoch, 'deadbeef') };
      file.append({ at: 1, note: signAcknowledgement(signer, kept, known) });
      const { length: events } = await storedEvents(server.settings);
      await expect(startAlone()).rejects.toMatchObject({ code: 'ledger_rolled_back' });
      const { stdout } = await run('recover', '--yes', '--json');
      expect(JSON.parse(stdout)).toMatchObject({ epoch: epoch + 1, size: events });
      expect(await run('verify')).toMatchObject({ code: 0 });
    });
  });
});

describe('a ledger that is as its checkpoints say', () => {
  it('has nothing to recover, and keeps its tokens', async () => {
    const { refresh_token: token } = await beginFamily(server, shop, ana);
    await server.restart(async () => {
      expect(await run('recover', '--yes')).toMatchObject({
        code: 1,
        stderr: 'error: there is nothing to recover: the ledger is as its checkpoints say\n',
      });
    });
    expect((await refresh(server, shop, token)).status).toBe(200);
  });

  it('starts without its checkpoint file, which is made anew', async () => {
    const { checkpointFile } = server.settings;
    await server.restart(() => rmSync(checkpointFile));
    await server.restart();
    expect(existsSync(checkpointFile)).toBe(true);
  });

  it('cannot be recovered while a server runs', async () => {
    expect(await run('recover', '--yes')).toMatchObject({
      code: 1,
      stderr: expect.stringMatching(/^error: another server is running/) as unknown,
    });
  });
});
