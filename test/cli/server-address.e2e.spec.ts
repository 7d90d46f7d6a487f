import { existsSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { freePort } from '../support/postgres-server.js';
import {
  type BuiltServer,
  endProcesses,
  runBuilt,
  startBuilt,
  temporaryDirectories,
  useBuild,
} from './built-processes.js';

useBuild();
const newDirectory = temporaryDirectories();
afterAll(endProcesses);

let directory: string;
let issuer: string;
let file: string;
let server: BuiltServer;

beforeAll(async () => {
  directory = newDirectory();
  file = join(directory, 'data/server.json');
  const port = String(await freePort());
  issuer = `http://localhost:${port}`;
  server = await startBuilt({ directory, environment: { PORT: port } });
});

/** What is printed for a new auditor's client by a shell with this environment. */
async function auditorSteps(environment: Readonly<Record<string, string>> = {}): Promise<string> {
  const words = ['client', 'create', '--preset', 'auditor', '--name', 'Night watch'];
  const { stdout } = await runBuilt('cli.js', words, { directory, environment });
  return /resource=(\S+) \\\n\s+(\S+)/.exec(stdout)?.slice(1).join(' ') ?? stdout;
}

describe('an address that a verb prints', () => {
  it('is that of the server that runs, wherever its settings came from', async () => {
    expect(await auditorSteps()).toBe(`${issuer}/admin ${issuer}/oauth/token`);
    const { stdout } = await runBuilt('cli.js', ['registration-token', '--json'], { directory });
    expect(JSON.parse(stdout)).toMatchObject({ registrationEndpoint: `${issuer}/oauth/register` });
  });

  it.each([
    [{ PORT: '4300' }, 'http://localhost:4300'],
    [{ TOKEN_LEDGER_ISSUER: 'https://auth.example' }, 'https://auth.example'],
    [{ PORT: '', TOKEN_LEDGER_ISSUER: '' }, undefined],
  ])('is that of its own settings %j, where they name one', async (environment, named) => {
    const own = named ?? issuer;
    expect(await auditorSteps(environment as Record<string, string>)).toBe(
      `${own}/admin ${own}/oauth/token`,
    );
  });

  it('is told by a file for nobody else, gone with the server, and not believed without one', async () => {
    const told = readFileSync(file, 'utf8');
    expect(JSON.parse(told)).toEqual({ issuer, listening: issuer });
    expect(statSync(file).mode & 0o777).toBe(0o600);
    await server.stop();
    expect(existsSync(file)).toBe(false);
    writeFileSync(file, told);
    const standard = 'http://localhost:3000';
    expect(await auditorSteps()).toBe(`${standard}/admin ${standard}/oauth/token`);
  });
});
