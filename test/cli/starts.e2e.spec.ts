import { chmodSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { freePort } from '../support/postgres-server.js';
import {
  copyOf,
  endProcesses,
  runBuilt,
  startBuilt,
  temporaryDirectories,
  useBuild,
} from './built-processes.js';
import { signIn } from './sign-in.js';

useBuild();
const newDirectory = temporaryDirectories();
afterAll(endProcesses);

/** A directory in which a server has started once. */
let started: string;
let port: string;
let firstStart: string;
let password: string;

beforeAll(async () => {
  started = newDirectory();
  port = String(await freePort());
  const server = await startBuilt({
    directory: started,
    environment: { PORT: port, TOKEN_LEDGER_LOG_LEVEL: 'trace' },
  });
  await server.stop();
  firstStart = server.said.stdout + server.said.stderr;
  password = /Password\s+(\S+)/.exec(firstStart)?.[1] ?? '';
});

describe('the first start', () => {
  it('tells where it listens, its issuer and its data directory', () => {
    expect(firstStart).toMatch(new RegExp(`Listening +http://localhost:${port}\\n`));
    expect(firstStart).toMatch(new RegExp(`Issuer +http://localhost:${port}\\n`));
    expect(firstStart).toContain(join(started, 'data'));
  });

  it("shows the administrator's sign-in once, and it is the one that counts", async () => {
    expect(firstStart).toMatch(/User name +admin\n/);
    expect(password).toMatch(/^[\w-]{24}$/);
    expect(firstStart.split(password)).toHaveLength(2);
    expect(firstStart).toContain('Shown this once');
    expect(await signIn(started, 'admin', password)).toMatchObject({
      kind: 'proven',
      account: { roles: ['administrator'] },
    });
  });

  it('shows the token for registration once, and how to see it again', () => {
    const [token = ''] = /tli_[\w-]{43}/.exec(firstStart) ?? [];
    expect(firstStart.split(token)).toHaveLength(2);
    expect(firstStart).toContain('token-ledger registration-token');
  });

  it('shows no password and no token that the settings named', async () => {
    const secrets = {
      TOKEN_LEDGER_ADMIN_PASSWORD: 'a password of the settings',
      TOKEN_LEDGER_INITIAL_ACCESS_TOKEN: 'a-token-of-the-settings',
    };
    const server = await startBuilt({
      directory: newDirectory(),
      environment: { PORT: String(await freePort()), ...secrets },
    });
    await server.stop();
    const said = server.said.stdout + server.said.stderr;
    expect(said).toContain('as set in TOKEN_LEDGER_ADMIN_PASSWORD');
    for (const secret of Object.values(secrets)) expect(said).not.toContain(secret);
    expect(said).not.toContain('tli_');
  });
});

describe('the first start again, when it was killed', () => {
  it.each<[moment: string, leave: (directory: string) => void]>([
    [
      'before the ledger had a table',
      (directory) => {
        mkdirSync(join(directory, 'data'), { mode: 0o700 });
        writeFileSync(join(directory, 'data/ledger.sqlite'), '', { mode: 0o600 });
      },
    ],
    [
      'before there was a vault',
      (directory) => {
        copyOf(started, directory);
        rmSync(join(directory, 'keys/data.checkpoints'));
        for (const file of ['data/ledger.sqlite', 'data/vault.sqlite']) {
          for (const end of ['', '-wal', '-shm'])
            rmSync(join(directory, `${file}${end}`), { force: true });
        }
        writeFileSync(join(directory, 'data/ledger.sqlite'), '', { mode: 0o600 });
      },
    ],
    [
      'before the vault had a table',
      (directory) => {
        mkdirSync(join(directory, 'data'), { mode: 0o700 });
        mkdirSync(join(directory, 'keys'), { mode: 0o700 });
        const key = `1 ${'A'.repeat(43)}\n`;
        writeFileSync(join(directory, 'keys/master.key'), key, { mode: 0o600 });
        for (const file of ['ledger.sqlite', 'vault.sqlite'])
          writeFileSync(join(directory, 'data', file), '', { mode: 0o600 });
      },
    ],
  ])('%s, completes', async (_moment, leave) => {
    const directory = newDirectory();
    leave(directory);
    const server = await startBuilt({ directory, environment: { PORT: port } });
    await server.stop();
    expect(server.said.stdout).toContain('First start: an administrator was created.');
  });
});

describe('an issuer', () => {
  it.each([
    ['http://auth.example.com', 1],
    ['https://auth.example.com', 0],
    ['http://127.0.0.1:8080', 0],
  ])('%s is warned of %i times', async (issuer, times) => {
    const server = await startBuilt({
      directory: copyOf(started, newDirectory()),
      environment: { PORT: port, TOKEN_LEDGER_ISSUER: issuer },
    });
    await server.stop();
    const warnings = server.said.stdout.split('\n').filter((line) => line.includes('"warn"'));
    expect(warnings).toHaveLength(times);
    for (const warning of warnings) expect(warning).toContain(`the issuer ${issuer} is plain http`);
  });
});

describe('every later start', () => {
  it('of token-ledger serve too, shows no secret and reads .env', async () => {
    const directory = copyOf(started, newDirectory());
    writeFileSync(
      join(directory, '.env'),
      `PORT=${port}\nTOKEN_LEDGER_ISSUER=https://auth.example.com\n`,
    );
    const server = await startBuilt({ directory }, 'cli.js', ['serve']);
    const answer = await fetch(`http://localhost:${port}/.well-known/openid-configuration`);
    await server.stop();
    expect(await answer.json()).toMatchObject({ issuer: 'https://auth.example.com' });
    const said = server.said.stdout + server.said.stderr;
    expect(said).toMatch(/Issuer +https:\/\/auth.example.com\n/);
    expect(said).not.toMatch(/Password|tli_/);
  });

  it('works in a directory that was released by a start that failed', async () => {
    const directory = copyOf(started, newDirectory());
    const key = join(directory, 'keys/master.key');
    chmodSync(key, 0o644);
    const failed = await runBuilt('main.js', [], { directory, environment: { PORT: port } });
    expect(failed.code).toBe(1);
    chmodSync(key, 0o600);
    const server = await startBuilt({ directory, environment: { PORT: port } });
    await server.stop();
  });
});
