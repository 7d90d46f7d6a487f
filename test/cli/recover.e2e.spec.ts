import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { startServer } from '../../src/cli/serve.js';
import type { Settings } from '../../src/config/settings.js';
import { signAcknowledgement } from '../../src/ledger/sealing/acknowledgement.js';
import { CheckpointFile } from '../../src/ledger/sealing/checkpoint-file.js';
import { epochOfOrigin, originOfEpoch } from '../../src/ledger/sealing/log-origin.js';
import { checkpointOfNote } from '../../src/ledger/sealing/note-checkpoint.js';
import { createServiceLog } from '../../src/operations/service-log.js';
import { beginFamily, refresh } from '../support/http-flow.js';
import { HttpServer, type TestAccount, type TestClient } from '../support/http-server.js';
import { signer } from '../ledger/sealing/sealed-ledger.js';
import { copyStore, type StoreCopy, storedEvents, tamperTables } from '../support/server-store.js';
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
  return runOn(server.settings, {}, ...words);
}

/** Runs the command line with these settings and more. */
function runOn(
  { port, issuer, dataDirectory, masterKeyFile, postgresUrl = '' }: Settings,
  more: Readonly<Record<string, string>>,
  ...words: readonly string[]
): Promise<Ended> {
  const environment = {
    PORT: String(port),
    TOKEN_LEDGER_ISSUER: issuer,
    TOKEN_LEDGER_DATA_DIR: dataDirectory,
    TOKEN_LEDGER_MASTER_KEY_FILE: masterKeyFile,
    TOKEN_LEDGER_DATABASE: postgresUrl,
    ...more,
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

describe('an old copy beside a checkpoint file', () => {
  it('is accepted where that was cut, and not where a line in it was changed', async () => {
    await beginFamily(server, shop, ana);
    await server.restart(async () => {
      await backup.putBack();
      const { checkpointFile } = server.settings;
      const text = readFileSync(checkpointFile, 'utf8');
      writeFileSync(checkpointFile, text.replace(/\n/, '\nhello\n'));
      const refused = await run('recover', '--yes', '--json');
      expect(refused.code).toBe(1);
      expect(refused.stderr).toBe(
        `error: no epoch was begun: the fault is in ${checkpointFile}, not in the ledger: 1 problem, ` +
          `the first one: line 2 of ${checkpointFile} is no checkpoint; ` +
          'put a copy of that file back, or take what is wrong out of it\n',
      );
      writeFileSync(checkpointFile, `"rest of a line"}\n\n${text}`);
      expect(await run('recover', '--yes')).toMatchObject({ code: 0 });
      expect(await run('verify')).toMatchObject({ code: 0 });
    });
  });
});

describe('a recovery that fails', () => {
  const LAST = '(SELECT max(position) FROM events)';

  it.each<[what: string, isOld: boolean, statements: string, problem: RegExp]>([
    [
      'whose last event was changed',
      false,
      `UPDATE events SET body = replace(body, '"actor"', '"action"') WHERE position = ${LAST}`,
      /the first one at position \d+: /,
    ],
    [
      'whose last events were deleted, with the checkpoints over them',
      false,
      `DELETE FROM checkpoints WHERE size >= ${LAST};
       DELETE FROM events WHERE position >= ${LAST} - 1;
       DELETE FROM origins WHERE position > ${LAST}`,
      /the state is ahead of the events/,
    ],
    [
      'that is an old copy in which a byte was changed',
      true,
      `UPDATE events SET body = replace(body, '"version":1', '"version":2') WHERE position = ${LAST}`,
      /the first one at position \d+: the envelope is wrong at version/,
    ],
    [
      'that is an old copy in which a state was edited',
      true,
      `UPDATE streams SET state = replace(state, '"operatorScopes":[]', '"operatorScopes":["admin"]')
       WHERE kind = 'client'`,
      /the state is not the fold of its events/,
    ],
  ])('changes nothing in a ledger %s', async (_, isOld, statements, problem) => {
    const { settings } = server;
    await beginFamily(server, shop, ana);
    await server.restart(async () => {
      const intact = await copyStore(settings);
      try {
        if (isOld) await backup.putBack();
        await tamperTables(settings, statements);
        const checkpoints = readFileSync(settings.checkpointFile);
        const tampered = await storedEvents(settings);
        const { code, stderr } = await run('recover', '--yes', '--json');
        expect(stderr).toMatch(
          /^error: no epoch was begun: the ledger is not intact: .+ intact\n$/,
        );
        expect(stderr).toMatch(problem);
        expect(code).toBe(1);
        expect(await storedEvents(settings)).toEqual(tampered);
        expect(readFileSync(settings.checkpointFile)).toEqual(checkpoints);
      } finally {
        await intact.putBack();
      }
    });
  });

  it('does not take another ledger for an old copy of this one', async () => {
    const other = await HttpServer.start();
    const { checkpointFile } = server.settings;
    const checkpoints = readFileSync(checkpointFile);
    await other.restart(async () => {
      const { settings } = other;
      const events = await storedEvents(settings);
      const environment = { TOKEN_LEDGER_CHECKPOINT_FILE: checkpointFile };
      const { code, stderr } = await runOn(settings, environment, 'recover', '--yes');
      expect(stderr).toMatch(
        /^error: no epoch was begun: this is another ledger than was sealed: .+ put the right one back\n$/,
      );
      expect(code).toBe(1);
      expect(await storedEvents(settings)).toEqual(events);
    });
    expect(readFileSync(checkpointFile)).toEqual(checkpoints);
    await other.close();
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
