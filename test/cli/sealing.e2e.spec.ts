import { randomBytes } from 'node:crypto';
import { mkdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { openSealsOf } from '../../src/cli/ledger-place.js';
import { readSettings } from '../../src/config/settings.js';
import { CheckpointFile } from '../../src/ledger/sealing/checkpoint-file.js';
import { changeTables, newServerStore, onlyOnSqlite } from '../support/server-store.js';
import {
  type BuiltServer,
  type Ended,
  endProcesses,
  runBuilt,
  settingsIn,
  startBuilt,
  temporaryDirectories,
  useBuild,
} from './built-processes.js';

useBuild();
const newDirectory = temporaryDirectories();
afterAll(endProcesses);

let directory: string;
let environment: Record<string, string>;

beforeAll(async () => {
  directory = newDirectory();
  environment = { ...(await settingsIn(directory)), TOKEN_LEDGER_SEAL_SECONDS: '1' };
});

const run = (...words: readonly string[]): Promise<Ended> =>
  runBuilt('cli.js', words, { directory, environment });

const createClient = async (): Promise<string> => {
  const { stdout } = await run('client', 'create', '--preset', 'machine', '--json');
  return (JSON.parse(stdout) as { clientId: string }).clientId;
};

/** How much there is, how much of it was sealed, and whether the file says the same. */
async function sealedState(): Promise<{
  events: number;
  sealed?: number | undefined;
  isFiled: boolean;
}> {
  const reads = await openSealsOf(readSettings(environment));
  const checkpoint = await reads.newestCheckpoint();
  const events = await reads.eventCount();
  await reads.close();
  const filed = new CheckpointFile(join(directory, 'keys/data.checkpoints')).last();
  return { events, sealed: checkpoint?.size, isFiled: filed?.note === checkpoint?.note };
}

/** Waits until the server has said something. */
async function untilSaid({ said }: BuiltServer, pattern: RegExp): Promise<string> {
  const deadline = Date.now() + 20_000;
  while (!pattern.test(said.stdout)) {
    if (Date.now() > deadline) throw new Error(`never said: ${said.stdout}${said.stderr}`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  return pattern.exec(said.stdout)?.[0] ?? '';
}

describe('a server', () => {
  it('seals on a thread of its own while it runs, and tells each checkpoint', async () => {
    const server = await startBuilt({ directory, environment });
    await createClient();
    const { events } = await sealedState();
    await untilSaid(server, new RegExp(`"size":${events},"root":"[^"]{44}","msg":"sealed"`));
    expect(await sealedState()).toEqual({ events, sealed: events, isFiled: true });
    await server.stop();
  });

  it('seals what was acknowledged before it stops', async () => {
    const slow = { ...environment, TOKEN_LEDGER_SEAL_SECONDS: '3600' };
    const server = await startBuilt({ directory, environment: slow });
    await untilSaid(server, /Listening/);
    await createClient();
    await server.stop();
    const { events } = await sealedState();
    expect(await sealedState()).toEqual({ events, sealed: events, isFiled: true });
    expect(server.said.stdout).toContain('"msg":"shut down"');
    expect(await run('verify')).toMatchObject({
      code: 0,
      stdout: expect.stringContaining('verified with the key in the vault') as unknown,
    });
  });

  it('leaves a ledger whose vault must open when it is verified, or another key be given', async () => {
    const masterKey = {
      ...environment,
      TOKEN_LEDGER_MASTER_KEY: randomBytes(32).toString('base64url'),
    };
    const verify = (...words: readonly string[]): Promise<Ended> =>
      runBuilt('cli.js', ['verify', ...words], { directory, environment: masterKey });
    const closed =
      /the vault could not be opened: the vault .+ was written under a different master key/;
    const { code, stdout, stderr } = await verify();
    expect(code).toBe(1);
    expect(stderr).toMatch(new RegExp(`^error: ${closed.source}.*\n$`));
    expect(stdout).toMatch(
      /The ledger is intact: .+\n(?:.*\n)*.+ ledger itself names, for the vault could/,
    );
    const scripted = await verify('--json');
    expect(scripted.code).toBe(1);
    expect(JSON.parse(scripted.stdout)).toMatchObject({
      ok: true,
      epochKeyFrom: 'ledger',
      vaultFault: expect.stringMatching(closed) as unknown,
    });
    const shown = JSON.parse((await run('checkpoint', 'show', '--json')).stdout) as {
      note: string;
      verifierKey: string;
    };
    const kept = join(newDirectory(), 'kept.checkpoint');
    writeFileSync(kept, shown.note);
    const pinned = await verify('--against', kept, '--key', shown.verifierKey);
    expect(pinned).toMatchObject({ code: 0, stdout: expect.stringMatching(closed) as unknown });
  });

  it('leaves a checkpoint file that is told of where it is gone, and named where it is none', async () => {
    const file = join(directory, 'keys/data.checkpoints');
    const missing = `It was compared with no checkpoint file, for ${file} is not there.\n`;
    expect((await run('verify')).stdout).not.toContain('checkpoint file');
    renameSync(file, `${file}.away`);
    try {
      const { code, stdout } = await run('verify');
      expect({ code, stdout }).toEqual({ code: 0, stdout: expect.stringContaining(missing) });
      const scripted = JSON.parse((await run('verify', '--json')).stdout) as object;
      expect(scripted).toMatchObject({ ok: true, missingFile: file });
      mkdirSync(file);
      expect((await run('verify')).stderr).toBe(`error: ${file} is a directory\n`);
      expect((await run('family', 'list')).stderr).toBe(
        `error: the checkpoint file ${file} is a directory\n`,
      );
    } finally {
      rmSync(file, { recursive: true, force: true });
      renameSync(`${file}.away`, file);
    }
  });

  onlyOnSqlite(() => {
    it('leaves a file that is verified without its vault', async () => {
      const file = join(directory, 'data/ledger.sqlite');
      expect(await run('verify', '--file', file)).toMatchObject({
        code: 0,
        stdout: expect.stringContaining('the key that the ledger itself names') as unknown,
      });
    });
  });

  it('raises an alarm when a stream goes on from a state that was edited', async () => {
    const clientId = await createClient();
    const server = await startBuilt({ directory, environment });
    await untilSaid(server, /"msg":"sealed"/);
    await changeTables(
      readSettings(environment),
      `UPDATE streams SET state = replace(state, '"operatorScopes":[]', '"operatorScopes":["admin"]')
       WHERE stream_id = 'client:${clientId}'`,
    );
    expect(await run('client', 'update', clientId, '--name', 'Other')).toMatchObject({ code: 0 });
    const line = await untilSaid(server, /.*a stream is not what its events make of it.*/);
    expect(JSON.parse(line)).toMatchObject({
      level: 'error',
      streamId: `client:${clientId}`,
      problem: 'the state is not the fold of its events',
    });
    const metrics = await (await fetch(`http://localhost:${environment['PORT']}/metrics`)).text();
    expect(metrics).toMatch(/^token_ledger_refold_failures_total 1$/m);
    await server.stop();
  });

  it('does not begin anew beside the checkpoints of a ledger that is gone', async () => {
    rmSync(join(directory, 'data'), { recursive: true });
    Object.assign(environment, (await newServerStore()).environment);
    const refused = await runBuilt('main.js', [], { directory, environment });
    expect(refused.code).toBe(1);
    expect(refused.stderr).toMatch(/^error: this is another ledger than was sealed: .+ anew\n$/);
    rmSync(join(directory, 'keys/data.checkpoints'));
    const server = await startBuilt({ directory, environment });
    await server.stop();
    expect(server.said.stdout).toContain('First start: an administrator was created.');
  });
});
