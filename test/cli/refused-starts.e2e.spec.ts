import { chmodSync, existsSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { lookup } from 'node:dns/promises';
import { once } from 'node:events';
import { createServer, type Server } from 'node:net';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { freePort } from '../support/postgres-server.js';
import {
  copyOf,
  type Ended,
  endProcesses,
  NOBODY,
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

beforeAll(async () => {
  started = newDirectory();
  port = String(await freePort());
  const server = await startBuilt({ directory: started, environment: { PORT: port } });
  await server.stop();
});

/** One line on stderr, nothing on stdout, exit code 1. */
function expectRefusal(ended: Ended, line: string): void {
  expect(ended).toEqual({ code: 1, stdout: '', stderr: `error: ${line}\n` });
}

describe('a start that cannot be', () => {
  const settings: readonly (readonly [environment: Record<string, string>, line: string])[] = [
    [{ PORT: 'http' }, 'PORT must be a whole number between 0 and 65535'],
    [{ TOKEN_LEDGER_ISSUR: 'http://a' }, 'TOKEN_LEDGER_ISSUR is not a setting'],
    [
      { TOKEN_LEDGER_MASTER_KEY_FILE: 'data/master.key' },
      'TOKEN_LEDGER_MASTER_KEY_FILE must be outside TOKEN_LEDGER_DATA_DIR',
    ],
    [
      { TOKEN_LEDGER_DATA_DIR: '/proc/token-ledger' },
      'TOKEN_LEDGER_DATA_DIR /proc/token-ledger cannot be made',
    ],
    ...['/proc/version', '/proc/version/data'].map(
      (directory) =>
        [
          { TOKEN_LEDGER_DATA_DIR: directory },
          `TOKEN_LEDGER_DATA_DIR ${directory} cannot be a directory: a file is in the way`,
        ] as const,
    ),
    [{ HOST: 'nowhere.invalid' }, 'HOST nowhere.invalid is not an address of this machine'],
    [{ HOST: '192.0.2.1' }, 'HOST 192.0.2.1 is not an address of this machine'],
  ];
  it.each(settings)('%j: %s', async (environment, line) => {
    const surroundings = { directory: newDirectory(), environment: { PORT: port, ...environment } };
    const starts = [
      runBuilt('main.js', [], surroundings),
      runBuilt('cli.js', ['serve'], surroundings),
    ];
    for (const ended of await Promise.all(starts)) expectRefusal(ended, line);
  });

  it('on a port that another process has on any address of localhost', async () => {
    for (const { address } of await lookup('localhost', { all: true })) {
      const other = createServer();
      other.listen(Number(port), address);
      await once(other, 'listening');
      const ended = await runBuilt('main.js', [], {
        directory: newDirectory(),
        environment: { PORT: port },
      });
      await closed(other);
      expectRefusal(
        ended,
        `PORT ${port} is in use on localhost: stop what listens there, or set another PORT`,
      );
    }
  });

  it('in a data directory that another server has', async () => {
    const directory = copyOf(started, newDirectory());
    const server = await startBuilt({ directory, environment: { PORT: port } });
    const environment = { PORT: String(await freePort()) };
    const ended = await runBuilt('main.js', [], { directory, environment });
    await server.stop();
    expectRefusal(
      ended,
      `another server is running on ${join(directory, 'data')}; one server owns a data directory`,
    );
  });

  it.each<['main.js' | 'cli.js', string[]]>([
    ['main.js', []],
    ['cli.js', ['client', 'list']],
    ['cli.js', ['--help']],
    ['cli.js', []],
  ])('on a Node that is not supported: %s %j', async (program, words) => {
    const directory = newDirectory();
    const other =
      "data:text/javascript,Object.defineProperty(process,'version',{value:'v24.21.0'})";
    const environment = { PORT: port, NODE_OPTIONS: `--import=${other}` };
    expectRefusal(
      await runBuilt(program, words, { directory, environment }),
      'Node 24.21.0 is not supported: it must be ^20.19.0 || ^22.12.0 || >=26.9.0',
    );
    expect(readdirSync(directory)).toEqual([]);
  });

  it('on a ledger file that another server has, from whatever data directory', async () => {
    const directory = copyOf(started, newDirectory());
    const server = await startBuilt({ directory, environment: { PORT: port } });
    const ledgerFile = join(directory, 'data/ledger.sqlite');
    const environment = {
      PORT: String(await freePort()),
      TOKEN_LEDGER_DATABASE: `sqlite:${ledgerFile}`,
    };
    const ended = await runBuilt('main.js', [], { directory: newDirectory(), environment });
    await server.stop();
    expectRefusal(
      ended,
      `another server is running on the ledger ${ledgerFile}; one server owns a ledger`,
    );
  });

  it('on views of another ledger, while those of its own are served', async () => {
    const directory = copyOf(started, newDirectory());
    const file = join(directory, 'then.sqlite');
    const words = ['replay', 'until', '2', '--out', file];
    expect(await runBuilt('cli.js', words, { directory })).toMatchObject({ code: 0, stderr: '' });
    const environment = { PORT: port, TOKEN_LEDGER_VIEWS_FILE: file };
    const server = await startBuilt({ directory, environment });
    expect(server.said.stdout).toContain('audit reads show one past state of the ledger');
    await server.stop();
    expectRefusal(
      await runBuilt('main.js', [], { directory: newDirectory(), environment }),
      `TOKEN_LEDGER_VIEWS_FILE ${file} was made from another ledger, ` +
        'or from this one before it was recovered',
    );
  });

  it('in a directory that its user may not write', async () => {
    const directory = newDirectory();
    chmodSync(directory, 0o555);
    const data = join(directory, 'data');
    const ended = await runBuilt('main.js', [], {
      directory,
      environment: { PORT: port },
      userId: NOBODY,
    });
    expectRefusal(ended, `${join(data, 'ledger.sqlite')} cannot be written`);
  });

  it.each<[what: string, spoil: (directory: string) => void, line: RegExp]>([
    [
      'a ledger that is no database',
      (directory) => {
        rmSync(join(directory, 'data/ledger.sqlite-wal'), { force: true });
        writeFileSync(join(directory, 'data/ledger.sqlite'), 'not a database'.repeat(1000));
      },
      /^\S+ledger\.sqlite is not an intact database: file is not a database$/,
    ],
    [
      'a ledger of a newer version',
      (directory) => inLedger(directory, "INSERT INTO migrations VALUES (99, 9e12, 'Newer')"),
      /^\S+ledger\.sqlite was written by a newer version \(Newer\); start that version instead$/,
    ],
    [
      'no ledger, but the vault that belongs to it',
      (directory) => rmSync(join(directory, 'data/ledger.sqlite')),
      /^the ledger \S+\/data\/ledger\.sqlite is missing, and its vault \S+\/data\/vault\.sqlite is there: put the ledger back, or move the vault away to begin anew$/,
    ],
    [
      'a key file that others may read',
      (directory) => chmodSync(join(directory, 'keys/master.key'), 0o644),
      /^the master key file (\S+) is open to other users: run chmod 600 \1$/,
    ],
    [
      'no key file, but a vault that needs it',
      (directory) => rmSync(join(directory, 'keys/master.key')),
      /^the master key file \S+ is missing, and a vault that needs it exists: put it back$/,
    ],
    [
      'another master key',
      (directory) => writeFileSync(join(directory, 'keys/master.key'), `1 ${'A'.repeat(43)}\n`),
      /^the vault \S+ was written under a different master key with the id 1: start with the key that it was made with$/,
    ],
    [
      'a vault that is no database',
      (directory) => {
        rmSync(join(directory, 'data/vault.sqlite-wal'), { force: true });
        writeFileSync(join(directory, 'data/vault.sqlite'), 'not a database'.repeat(1000));
      },
      /^the vault \S+ is damaged: restore it from a backup$/,
    ],
  ])('with %s', async (_what, spoil, line) => {
    const directory = copyOf(started, newDirectory());
    spoil(directory);
    const isLedgerThere = existsSync(join(directory, 'data/ledger.sqlite'));
    const ended = await runBuilt('main.js', [], { directory, environment: { PORT: port } });
    expect(ended).toMatchObject({ code: 1, stdout: '' });
    expect(ended.stderr).toMatch(/^error: [^\n]+\n$/);
    expect(ended.stderr.slice('error: '.length, -1)).toMatch(line);
    expect(existsSync(join(directory, 'data/ledger.sqlite'))).toBe(isLedgerThere);
  });

  it('with a ledger that another process has locked', async () => {
    const directory = copyOf(started, newDirectory());
    const file = join(directory, 'data/ledger.sqlite');
    const other = new Database(file);
    other.pragma('locking_mode = EXCLUSIVE');
    other.exec('BEGIN EXCLUSIVE');
    const ended = await runBuilt('main.js', [], { directory, environment: { PORT: port } });
    other.close();
    expectRefusal(ended, `${file} is locked by another process`);
  });
});

function inLedger(directory: string, statement: string): void {
  const handle = new Database(join(directory, 'data/ledger.sqlite'));
  handle.exec(statement);
  handle.close();
}

async function closed(server: Server): Promise<void> {
  server.close();
  await once(server, 'close');
}
