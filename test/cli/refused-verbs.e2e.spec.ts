import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { freePort } from '../support/postgres-server.js';
import {
  type Ended,
  endProcesses,
  runBuilt,
  startBuilt,
  temporaryDirectories,
  useBuild,
} from './built-processes.js';

useBuild();
const newDirectory = temporaryDirectories();
afterAll(endProcesses);

const PASSWORD = 'correct horse battery';
const UNKNOWN = 'AAAAAAAAAAAAAAAAAAAAAA';
const KEY = 'A'.repeat(43);

/** A directory in which a server has started once. */
let directory: string;

beforeAll(async () => {
  directory = newDirectory();
  const environment = { PORT: String(await freePort()), TOKEN_LEDGER_ADMIN_PASSWORD: PASSWORD };
  const server = await startBuilt({ directory, environment });
  await server.stop();
});

function run(words: readonly string[], input = ''): Promise<Ended> {
  return runBuilt('cli.js', words, { directory, input });
}

/** One line on stderr, nothing on stdout, exit code 1. */
function refusal(line: string): Ended {
  return { code: 1, stdout: '', stderr: `error: ${line}\n` };
}

describe('a command line without a word', () => {
  it('shows what there is', async () => {
    const ended = await run([]);
    expect(ended).toMatchObject({ code: 0, stderr: '' });
    expect(ended.stdout).toMatch(/^Usage: token-ledger /);
  });
});

describe('what cannot be done', () => {
  const create = ['client', 'create', '--preset'];
  const spa = [...create, 'spa', '--redirect-uri', 'https://a.example/'];
  const cases: readonly (readonly [words: readonly string[], line: string])[] = [
    [['nonsense'], "unknown command 'nonsense'"],
    [
      ['client'],
      'token-ledger client needs a verb: create, list, show, update, rotate-secret, disable',
    ],
    [['client', 'show', UNKNOWN], 'there is no such client'],
    [['client', 'show', `-${UNKNOWN.slice(1)}`], 'there is no such client'],
    [['client', 'disable', UNKNOWN], 'there is no such client'],
    [['client', 'rotate-secret', UNKNOWN], 'there is no such client'],
    [
      ['client', 'rotate-secret', UNKNOWN, '--overlap-seconds', '2592001'],
      '--overlap-seconds must be between 0 and 2592000',
    ],
    [[...create, 'web'], '--redirect-uri must have at least one URI'],
    [[...spa, '--idle-seconds', '59'], '--idle-seconds must be between 60 and 315360000'],
    [
      [...create, 'machine', '--redirect-uri', 'https://a.example/'],
      '--redirect-uri is of no use to a client of preset machine',
    ],
    [
      [...create, 'machine', '--post-logout-redirect-uri', 'https://a.example/'],
      '--post-logout-redirect-uri is of no use to a client of preset machine',
    ],
    [[...create, 'resource-server'], 'a client of preset resource-server needs --resource'],
    [
      [...spa, '--idle-seconds', '120', '--absolute-seconds', '60'],
      '--idle-seconds must be at most --absolute-seconds',
    ],
    ...[['admin'], ['photos:read'], ['audit:read admin']].map(
      (scope): readonly [readonly string[], string] => [
        [...create, 'auditor', '--scope', ...scope],
        '--scope of a client of preset auditor must have audit:read, and no other operator scope',
      ],
    ),
    [
      [...spa, '--resource', 'https://api.example'],
      '--resource needs a client with a secret, and absolute URIs that tokens may be asked for',
    ],
    [
      [...create, 'resource-server', '--resource', 'photos'],
      '--resource needs a client with a secret, and absolute URIs that tokens may be asked for',
    ],
    [['client', 'update', UNKNOWN, '--name', 'Shop'], 'there is no such client'],
    [['client', 'update', UNKNOWN], 'nothing is to be changed: token-ledger client update --help'],
    [
      ['client', 'update', UNKNOWN, '--scope', 'openid', '--any-scope'],
      '--scope and --any-scope exclude each other',
    ],
    [
      ['client', 'update', UNKNOWN, '--resource', 'https://api.example', '--no-resources'],
      '--resource and --no-resources exclude each other',
    ],
    [
      ['client', 'update', UNKNOWN, '--resource', 'photos'],
      '--resource needs a client with a secret, and absolute URIs that tokens may be asked for',
    ],
    [['client', 'update', UNKNOWN, '--no-may-introspect'], 'there is no such client'],
    [['account', 'disable', 'nobody'], 'there is no such account'],
    [['account', 'sign-out-everywhere', 'nobody'], 'there is no such account'],
    [['family', 'show', 'nonsense'], 'a family id has 32 digits from 0-9 a-f'],
    [['family', 'show', '0'.repeat(32)], 'there is no such token family'],
    [['family', 'revoke', '0'.repeat(32)], 'there is no such token family'],
    [['family', 'list', '--client', UNKNOWN], 'there is no such client'],
    [['family', 'list', '--client', `-${UNKNOWN.slice(1)}`], 'there is no such client'],
    [['family', 'list', '--account', 'nobody'], 'there is no such account'],
    [['family', 'list', '--before', 'nonsense'], 'a family id has 32 digits from 0-9 a-f'],
    [['incident', 'list', '--before', 'nonsense'], 'an incident id has 32 digits from 0-9 a-f'],
    [['incident', 'list', '--family', 'nonsense'], 'a family id has 32 digits from 0-9 a-f'],
    [['incident', 'list', '--client', 'nobody'], 'there is no such client'],
    [['incident', 'list', '--account', 'nobody'], 'there is no such account'],
    [['incident', 'show', 'nonsense'], 'an incident id has 32 digits from 0-9 a-f'],
    [['incident', 'show', '0'.repeat(32)], 'there is no such incident'],
    [['key', 'activate', KEY], 'there is no such key'],
    [['key', 'retire', KEY], 'there is no such key'],
    [['key', 'retire', `-${KEY.slice(1)}`], 'there is no such key'],
    [
      ['verify', '--file', '/nowhere/ledger.sqlite'],
      'there is no ledger in /nowhere/ledger.sqlite',
    ],
  ];

  it('verifies no vault and no directory', async () => {
    const place = join(directory, 'data');
    const vault = join(place, 'vault.sqlite');
    expect(await run(['verify', '--file', vault])).toEqual(
      refusal(`${vault} is a vault, not a ledger`),
    );
    expect(await run(['verify', '--file', place])).toEqual(refusal(`${place} is a directory`));
  });

  it.each(cases)('%j: %s', async (words, line) => {
    expect(await run(words)).toEqual(refusal(line));
  });

  const account = ['account', 'create', '--username'];
  it.each<[words: readonly string[], input: string, line: string]>([
    [[...account, 'admin'], PASSWORD, 'the user name is taken'],
    [[...account, 'dee'], '', 'there is no password on standard input'],
    [[...account, 'dee'], 'short\n', 'the password must have at least 8 characters'],
    [['account', 'set-password', 'nobody'], PASSWORD, 'there is no such account'],
    [
      ['account', 'set-password', 'admin'],
      'short\n',
      'the password must have at least 8 characters',
    ],
    [[...account, 'dee', '--email', 'dee'], PASSWORD, '--email must be an e-mail address'],
  ])('%j with %j: %s', async (words, input, line) => {
    expect(await run(words, input)).toEqual(refusal(line));
  });

  it('where no server has ever been started: nothing is made there', async () => {
    const empty = newDirectory();
    const ended = await runBuilt('cli.js', ['client', 'list'], { directory: empty });
    expect(ended).toEqual(
      refusal(
        `there is no ledger at ${empty}/data/ledger.sqlite: start the server first, or set TOKEN_LEDGER_DATA_DIR`,
      ),
    );
    expect(readdirSync(empty)).toEqual([]);
  });

  it('with settings that are wrong', async () => {
    const wrong = { directory, environment: { TOKEN_LEDGER_REGISTRATION: 'yes' } };
    expect(await runBuilt('cli.js', ['client', 'list'], wrong)).toEqual(
      refusal('TOKEN_LEDGER_REGISTRATION must be off, token or open'),
    );
  });
});
