import { chmodSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { NestFactory } from '@nestjs/core';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { ServiceModule } from '../../src/app.module.js';
import { closeResources, openResources } from '../../src/cli/resources.js';
import { readSettings } from '../../src/config/settings.js';
import { type SignInOutcome, SignIns } from '../../src/directory/sign-ins.service.js';
import { freePort } from '../support/server-process.js';
import {
  copyOf,
  endProcesses,
  runBuilt,
  startBuilt,
  temporaryDirectories,
  useBuild,
} from './built-processes.js';

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
    expect(await signIn('admin', password)).toMatchObject({
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

async function signIn(username: string, secret: string): Promise<SignInOutcome> {
  const settings = readSettings({
    TOKEN_LEDGER_DATA_DIR: join(started, 'data'),
    TOKEN_LEDGER_MASTER_KEY_FILE: join(started, 'keys/master.key'),
  });
  const resources = await openResources(settings, 'command_line');
  const service = ServiceModule.of(resources);
  const context = await NestFactory.createApplicationContext(service, { logger: false });
  try {
    return await context.get(SignIns).check(username, secret);
  } finally {
    await context.close();
    await closeResources(resources);
  }
}
