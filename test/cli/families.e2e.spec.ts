import { cpSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { databaseName, readSettings } from '../../src/config/settings.js';
import { familyIdOf, seedFamilies } from '../support/seeded-families.js';
import { onlyOnSqlite, storedEvents } from '../support/server-store.js';
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

interface Shown {
  readonly family: { readonly status: string; readonly end: { readonly reason: string } | null };
  readonly events: readonly { readonly type: string; readonly actor: string }[];
}

let directory: string;
let environment: Record<string, string>;
let issuer: string;
let clientId: string;
let server: BuiltServer;
/** A family whose first refresh token was stolen, and one that is well. */
let stolen: string;
let well: string;
let wellToken: string;

beforeAll(async () => {
  directory = newDirectory();
  environment = {
    ...(await settingsIn(directory)),
    TOKEN_LEDGER_RETRY_WINDOW_SECONDS: '0',
  };
  issuer = `http://localhost:${environment['PORT'] ?? ''}`;
  const seeded = await seedFamilies(readSettings(environment), 2);
  const [first = '', second = ''] = seeded.refreshTokens;
  ({ clientId } = seeded);
  stolen = familyIdOf(first);
  well = familyIdOf(second);
  wellToken = second;
  server = await startBuilt({ directory, environment });
  const successor = await refresh(first, 'Shop/1.0');
  await refresh(successor, 'Shop/1.0');
  await refresh(first, 'Thief/6.66\u009b31m');
});
afterAll(() => server.stop());

async function refresh(
  refreshToken: string,
  userAgent: string,
  client = clientId,
): Promise<string> {
  const answer = await fetch(`${issuer}/oauth/token`, {
    method: 'POST',
    headers: { 'user-agent': userAgent },
    body: new URLSearchParams({
      grant_type: 'refresh_token',
      refresh_token: refreshToken,
      client_id: client,
    }),
  });
  return ((await answer.json()) as Record<string, string>)['refresh_token'] ?? '';
}

function run(...words: readonly string[]): Promise<Ended> {
  return runBuilt('cli.js', words, { directory, environment });
}

function runWith(input: string | Buffer, ...words: readonly string[]): Promise<Ended> {
  return runBuilt('cli.js', words, { directory, environment, input });
}

async function shown(...words: readonly string[]): Promise<Shown> {
  const { stdout, stderr } = await run('family', 'show', ...words, '--json');
  expect(stderr).toBe('');
  return JSON.parse(stdout) as Shown;
}

interface Listed {
  readonly families: readonly Record<string, unknown>[];
  readonly incidents: readonly { readonly id: string }[];
  readonly next: string | null;
}

async function json<Answer = Listed>(...words: readonly string[]): Promise<Answer> {
  const { code, stdout, stderr } = await run(...words, '--json');
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  return JSON.parse(stdout) as Answer;
}

describe('families, while the server runs', () => {
  const idsOf = ({ families }: Listed): unknown[] => families.map(({ id }) => id);

  it('are listed newest first, for scripts as the audit has them', async () => {
    const list = await json('family', 'list');
    expect(list).toMatchObject({ asOf: { position: expect.any(Number) }, next: null });
    const { family } = await shown(stolen);
    expect(list.families).toEqual([
      expect.objectContaining({ id: well, status: 'active', end: null, generation: 0 }),
      {
        id: stolen,
        status: 'revoked',
        end: family.end,
        blockedBy: null,
        client: { id: clientId, name: 'Unnamed client' },
        subject: expect.any(String),
        generation: 2,
        grantedAt: expect.any(String),
        updatedAt: expect.any(String),
      },
    ]);
  });

  it.each<[words: string, found: () => readonly string[]]>([
    ['--status revoked', () => [stolen]],
    ['--status active', () => [well]],
    ['--status expired', () => []],
    ['--account seed', () => [well, stolen]],
    ['--subject seed --status active', () => [well]],
    ['--account admin', () => []],
  ])('are found by %s', async (words, found) => {
    expect(idsOf(await json('family', 'list', ...words.split(' ')))).toEqual(found());
  });

  it('are found by their client', async () => {
    expect(idsOf(await json('family', 'list', '--client', clientId))).toEqual([well, stolen]);
    const machine = await json<Record<string, string>>('client', 'create', '--preset', 'machine');
    const none = await json('family', 'list', '--client', machine['clientId'] ?? '');
    expect(idsOf(none)).toEqual([]);
  });

  it('are listed a part at a time, and the end of a part says where it goes on', async () => {
    const first = await json('family', 'list', '--limit', '1');
    expect([idsOf(first), first.next]).toEqual([[well], well]);
    const second = await json('family', 'list', '--limit', '1', '--before', well);
    expect([idsOf(second), second.next]).toEqual([[stolen], null]);
    const { stdout } = await run('family', 'list', '--limit', '1');
    expect(stdout).toMatch(
      new RegExp(`\\n1 family; there may be more: --before ${well} goes on\\n$`),
    );
  });

  it('are looked for in a bounded part of the ledger, which is said', async () => {
    const words = ['family', 'list', '--status', 'revoked', '--search', '1'];
    expect(await json(...words)).toMatchObject({ families: [], next: well });
    const { stdout } = await run(...words);
    expect(stdout).toBe(`0 families; 1 were looked through: --before ${well} goes on\n`);
    expect(idsOf(await json(...words, '--before', well))).toEqual([stolen]);
  });

  it('are listed by what they are worth: those of a disabled client are blocked', async () => {
    const elsewhere = await settingsIn(newDirectory());
    const seeded = await seedFamilies(readSettings(elsewhere), 1);
    const listed = async (...status: string[]): Promise<unknown[]> => {
      const words = ['family', 'list', ...status.flatMap((one) => ['--status', one]), '--json'];
      const { stdout } = await runBuilt('cli.js', words, { directory, environment: elsewhere });
      return idsOf(JSON.parse(stdout) as Listed);
    };
    const [only] = await listed();
    expect(only).toBeDefined();
    expect([await listed('active'), await listed('blocked')]).toEqual([[only], []]);
    const disable = ['client', 'disable', seeded.clientId];
    await runBuilt('cli.js', disable, { directory, environment: elsewhere });
    expect([await listed('active'), await listed('blocked')]).toEqual([[], [only]]);
    for (const words of [['list'], ['show', String(only)]]) {
      const verb = ['family', ...words];
      const { stdout } = await runBuilt('cli.js', verb, { directory, environment: elsewhere });
      expect(stdout).toContain('blocked (client_disabled)');
      expect(stdout).not.toContain('active');
    }
  });

  it('are shown to people in a table, whole where there is no terminal', async () => {
    const { stdout } = await run('family', 'list');
    expect(stdout).toMatch(/│ Family +│ Client +│ Status +│ Granted +│\n/);
    expect(stdout).toMatch(/│ +│ Account +│ Generation +│ Last update +│\n/);
    const client = `Unnamed client \\(${clientId}\\)`;
    expect(stdout).toMatch(
      new RegExp(`│ ${stolen} │ ${client} +│ revoked \\(refresh_token_reuse\\) │`),
    );
    expect(stdout).toMatch(/│ seed \([\w-]{22}\) +│ 2 +│ \d{4}-\d\d-\d\d [\d:]{8}Z │\n/);
    expect(stdout).toMatch(/\n2 families\n$/);
  });
});

describe('incidents, while the server runs', () => {
  let incidentId: string;

  beforeAll(async () => {
    incidentId = (await json('incident', 'list')).incidents[0]?.id ?? '';
  });

  it('are listed for scripts as the audit has them', async () => {
    const list = await json('incident', 'list');
    expect(list).toMatchObject({ asOf: { position: expect.any(Number) }, next: null });
    expect(list.incidents).toEqual([
      expect.objectContaining({
        id: expect.stringMatching(/^[0-9a-f]{32}$/),
        kind: 'refresh_token_reuse',
        familyId: stolen,
        familyRevoked: true,
        client: { id: clientId, name: 'Unnamed client' },
      }),
    ]);
    expect(await json('incident', 'list', '--kind', 'refresh_token_reuse')).toEqual(list);
    expect(await json('incident', 'list', '--kind', 'code_reuse')).toMatchObject({
      incidents: [],
      next: null,
    });
  });

  it('are listed of one client, account or family', async () => {
    const listed = async (...words: readonly string[]): Promise<unknown[]> =>
      (await json('incident', 'list', ...words)).incidents.map(({ id }) => id);
    for (const [option, value] of [
      ['--client', clientId],
      ['--account', 'seed'],
      ['--subject', 'seed'],
      ['--family', stolen],
    ] as const) {
      expect([option, await listed(option, value)]).toEqual([option, [incidentId]]);
    }
    const other = JSON.parse(
      (await run('client', 'create', '--preset', 'machine', '--json')).stdout,
    ) as { clientId: string };
    expect(await listed('--client', other.clientId)).toEqual([]);
    expect(await listed('--account', 'admin')).toEqual([]);
    expect(await listed('--family', well)).toEqual([]);
    expect(await listed('--family', well, '--client', clientId)).toEqual([]);
    expect(await listed('--family', stolen, '--kind', 'code_reuse')).toEqual([]);
  });

  it('are listed a part at a time, a kind in a bounded part of the ledger', async () => {
    const other = await secondIncident();
    const first = await json('incident', 'list', '--limit', '1');
    expect(first).toMatchObject({ incidents: [{ id: other }], next: other });
    const second = await json('incident', 'list', '--limit', '1', '--before', other);
    expect(second).toMatchObject({ incidents: [{ id: incidentId }], next: null });
    const words = ['incident', 'list', '--kind', 'refresh_token_reuse', '--search', '1'];
    expect(await json(...words)).toMatchObject({ incidents: [], next: other });
    expect((await run(...words)).stdout).toBe(
      `0 incidents; 1 were looked through: --before ${other} goes on\n`,
    );
  });

  it('are shown to people in a table', async () => {
    const { stdout } = await run('incident', 'list', '--kind', 'refresh_token_reuse');
    expect(stdout).toMatch(/│ Incident +│ Kind +│ Client +│ Opened +│\n/);
    expect(stdout).toMatch(new RegExp(`│ ${incidentId} │ refresh_token_reuse │ Unnamed client`));
    expect(stdout).toMatch(new RegExp(`│ ${stolen} │ the family ended +│ seed `));
    expect(stdout).toMatch(/\n1 incident\n$/);
  });

  it('are shown to scripts with the family and the events that name them', async () => {
    const shownIncident = await json<{
      readonly incident: { readonly evidence: unknown };
      readonly family: unknown;
      readonly events: readonly Record<string, unknown>[];
    }>('incident', 'show', incidentId);
    expect(shownIncident).toMatchObject({
      incident: { id: incidentId, kind: 'refresh_token_reuse', familyId: stolen },
      investigation: {
        presented: { generation: 0, currentGeneration: 2 },
        parties: [{ role: 'holder' }, { role: 'presenter' }],
        blastRadius: { accessTokenCount: expect.any(Number) },
      },
      family: (await shown(stolen)).family,
      events: [
        {
          type: 'RefreshTokenReuseDetected',
          origin: { userAgent: expect.stringMatching(/^Thief/) },
        },
        { type: 'FamilyRevoked' },
      ],
    });
    expect(shownIncident.events[0]).toEqual(shownIncident.incident.evidence);
  });

  it('are judged, with a note from standard input that is shown', async () => {
    const words = ['incident', 'judge', incidentId, '--verdict'];
    const note = 'It was Zebra,\nas she says.';
    const input = `${note}\n`;
    const judged = await runWith(input, ...words, 'theft', '--note-stdin');
    expect(judged).toEqual({ code: 0, stdout: 'The incident is judged: theft.\n', stderr: '' });
    expect(await json(...words, 'theft')).toEqual({
      incidentId,
      verdict: 'theft',
      outcome: 'given_before',
    });
    expect(await json('incident', 'show', incidentId)).toMatchObject({
      incident: { verdict: 'theft' },
      note: { text: note },
    });
    const { stdout } = await run('incident', 'show', incidentId);
    expect(stdout).toMatch(/^Verdict +theft$/m);
    expect(stdout).toContain('It was Zebra,');
  });

  it('are not judged in words that nobody knows, nor with an empty or endless note', async () => {
    const judge = ['incident', 'judge', incidentId];
    expect((await run(...judge, '--verdict', 'zebra')).code).not.toBe(0);
    expect((await run(...judge)).stderr).toContain('--verdict');
    for (const input of ['', ' \n', 'zebra'.repeat(401), 'zebra'.repeat(20_000), Buffer.of(255)]) {
      const words = [...judge, '--verdict', 'theft', '--note-stdin'];
      const { code, stderr } = await runWith(input, ...words);
      expect(code).toBe(1);
      expect(stderr).toMatch(/^error: [^\n]*note[^\n]*\n$/);
      expect(stderr).not.toContain('zebra');
    }
    const unknown = ['incident', 'judge', '0'.repeat(32), '--verdict', 'theft'];
    expect((await run(...unknown)).stderr).toBe('error: there is no such incident\n');
  });

  it('are shown to people with who, from where, and what was revoked', async () => {
    const { code, stdout } = await run('incident', 'show', incidentId);
    expect(code).toBe(0);
    expect(stdout).toMatch(/^Kind +refresh_token_reuse$/m);
    expect(stdout).toMatch(
      new RegExp(`^Family +${stolen}, revoked \\(refresh_token_reuse\\)$`, 'm'),
    );
    expect(stdout).toMatch(/^Account +seed \(/m);
    expect(stdout).toMatch(
      /^Revoked +the whole family, refresh tokens up to generation 2, 3 access tokens$/m,
    );
    expect(stdout).toMatch(/^Likely cause +[a-z_]+, (?:low|medium|high) confidence$/m);
    expect(stdout).toMatch(/^Reached +\d access tokens, \d of them unexpired/m);
    expect(stdout).toMatch(/│ holder +│ (?:127\.0\.0\.1|::1) +│/);
    expect(stdout).toMatch(/│ presenter +│ (?:127\.0\.0\.1|::1) +│/);
    expect(stdout).toMatch(/│ RefreshTokenReuseDetected +│ Unnamed client +│ \S+ +│\n/);
    expect(stdout).toContain('Thief/6.66\\u{9b}31m');
  });

  it('that revoked nothing say so', async () => {
    const [newest] = (await json('incident', 'list', '--limit', '1')).incidents;
    const { stdout } = await run('incident', 'show', newest?.id ?? '');
    expect(stdout).toMatch(/^Kind +foreign_client$/m);
    expect(stdout).toMatch(/^Revoked +nothing$/m);
    expect(stdout).toMatch(/│ generation 0 refused: foreign_client +│/);
  });

  /** Somebody else's client presents a refresh token of the family that is well. */
  async function secondIncident(): Promise<string> {
    const words = ['--preset', 'native', '--redirect-uri', 'http://127.0.0.1/'];
    const other = await json<Record<string, string>>('client', 'create', ...words);
    await refresh(wellToken, 'Other/1.0', other['clientId']);
    return (await json('incident', 'list', '--limit', '1')).incidents[0]?.id ?? '';
  }
});

describe('a family, while the server runs', () => {
  it('is shown to scripts as the audit has it, with all its events', async () => {
    const { family, events } = await shown(stolen);
    expect(family).toMatchObject({
      id: stolen,
      status: 'revoked',
      end: { reason: 'refresh_token_reuse', incidentId: expect.any(String) },
      client: { id: clientId },
      scope: ['api', 'offline_access'],
      lineage: { generation: 2 },
    });
    expect(events.map(({ type }) => type)).toEqual([
      'GrantIssued',
      'GrantRedeemed',
      'RefreshTokenRotated',
      'RefreshTokenRotated',
      'RefreshTokenReuseDetected',
      'FamilyRevoked',
    ]);
    expect(events[2]).toMatchObject({ actor: `client:${clientId}`, who: { clientId } });
    expect(JSON.stringify(events[2])).toContain('Shop/1.0');
  });

  it('is shown to people as a timeline with who and from where', async () => {
    const { code, stdout } = await run('family', 'show', stolen);
    expect(code).toBe(0);
    expect(stdout).toMatch(/^Status +revoked \(refresh_token_reuse, \d{4}-/m);
    expect(stdout).toMatch(/^Account +seed \(/m);
    expect(stdout).toMatch(/│ Position │ When +│ Event +│ Who +│ From +│/);
    expect(stdout).toMatch(/│ RefreshTokenRotated +│ Unnamed client +│ \S+ +│\n/);
    expect(stdout).toMatch(/│ generation 0 is succeeded by 1 +│ +│ Shop\/1\.0 +│\n/);
    expect(stdout).toMatch(/generation 0 when 2 was current: superseded_generation/);
    expect(stdout).toMatch(/│ FamilyRevoked +│ system +│/);
    expect(stdout).toContain('Shop/1.0');
    expect(stdout).toContain('Thief/6.66\\u{9b}31m');
  });

  it('can be shown by its newest events', async () => {
    const { stdout } = await run('family', 'show', stolen, '--last', '2');
    expect(stdout).not.toContain('GrantIssued');
    expect(stdout).toContain('The newest 2 of 6 events; --last 6 shows all.');
    expect((await shown(stolen, '--last', '1')).events).toHaveLength(1);
  });

  it('is revoked once, by the operator', async () => {
    const revoke = ['family', 'revoke', well, '--json'];
    const outcome = async (): Promise<unknown> => JSON.parse((await run(...revoke)).stdout);
    expect(await outcome()).toEqual({ familyId: well, outcome: 'revoked' });
    expect(await outcome()).toEqual({ familyId: well, outcome: 'already_revoked' });
    const { family, events } = await shown(well);
    expect(family).toMatchObject({ status: 'revoked', end: { reason: 'operator_request' } });
    expect(events.at(-1)).toMatchObject({ type: 'FamilyRevoked', actor: 'operator' });
    expect((await run('family', 'revoke', well)).stdout).toBe('The family had ended already.\n');
  });
});

describe('administration', () => {
  it('is recorded, with the correlation id of what was done', async () => {
    const created = await run('client', 'create', '--preset', 'machine', '--json');
    const target = (JSON.parse(created.stdout) as { clientId: string }).clientId;
    const events = await storedEvents(readSettings(environment));
    const recorded = events.filter(({ streamId }) => streamId === 'administration:default');
    expect(recorded.map(({ data }) => data).slice(-4)).toEqual([
      { action: 'family.revoke', target: well },
      { action: 'family.revoke', target: well },
      { action: 'family.revoke', target: well },
      { action: 'client.create', target },
    ]);
    const registered = events.find(({ streamId }) => streamId === `client:${target}`);
    expect(recorded.at(-1)).toMatchObject({
      type: 'AdministrationRecorded',
      actor: 'operator',
      correlationId: registered?.correlationId,
    });
  });
});

describe('verify', () => {
  it('finds the ledger intact while the server runs', async () => {
    const { code, stdout, stderr } = await run('verify');
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(stdout).toMatch(
      /^The ledger is intact: \d+ events in \d+ streams\.\n(?:The ledger has no checkpoint yet .*\n)?Its checkpoints were verified with the key in the vault\.\n$/,
    );
    const report: unknown = JSON.parse((await run('verify', '--json')).stdout);
    const { postgresUrl } = readSettings(environment);
    expect(report).toEqual({
      ...(postgresUrl === undefined
        ? { file: join(directory, 'data/ledger.sqlite') }
        : { database: databaseName(postgresUrl) }),
      ok: true,
      events: expect.any(Number),
      streams: expect.any(Number),
      sealed: expect.any(Number),
      problems: [],
      epochKeyFrom: 'vault',
    });
  });

  // Only a file can be verified without any settings.
  onlyOnSqlite(() => {
    it('finds what was changed in a copy, needs no settings for it, and fails', async () => {
      const copy = join(newDirectory(), 'copy.sqlite');
      const live = new Database(join(directory, 'data/ledger.sqlite'), { readonly: true });
      await live.backup(copy);
      live.close();
      const handle = new Database(copy);
      handle.exec(`UPDATE streams SET state = replace(state, 'revoked', 'active')
        WHERE stream_id = 'family:${well}'`);
      handle.close();
      const wrong = { directory, environment: { PORT: 'wrong' } };
      const ended = await runBuilt('cli.js', ['verify', '--file', copy], wrong);
      expect(ended.code).toBe(1);
      expect(ended.stderr).toBe('error: the ledger is not intact: 1 problem\n');
      expect(ended.stdout).toMatch(new RegExp(`│ family:${well} +│ .*state.* │`));
      const scripted = await runBuilt('cli.js', ['verify', '--file', copy, '--json'], wrong);
      expect(scripted.code).toBe(1);
      expect(JSON.parse(scripted.stdout)).toMatchObject({
        ok: false,
        problems: [{ streamId: `family:${well}` }],
      });
    });
  });

  it('compares the ledger with a checkpoint that was kept, by the key that was kept', async () => {
    const shown = JSON.parse((await run('checkpoint', 'show', '--json')).stdout) as {
      note: string;
      verifierKey: string;
    };
    const kept = join(newDirectory(), 'kept.checkpoint');
    // As `jq -r .note` writes it.
    writeFileSync(kept, `${shown.note}\n`);
    const agreed = await run('verify', '--against', kept, '--key', shown.verifierKey);
    expect(agreed).toMatchObject({ code: 0, stderr: '' });
    expect(agreed.stdout).toContain('with 1 checkpoint in');
    expect(agreed.stdout).toContain('verified with the key that was given');
    writeFileSync(kept, shown.note.replace('token-ledger/', 'token-ledger/0'));
    const refused = await run('verify', '--against', kept);
    expect(refused).toMatchObject({
      code: 1,
      stderr: 'error: the ledger is not intact: 1 problem\n',
    });
    expect(refused.stdout).toContain('the key that the ledger itself names');
    const mixedUp = await run('verify', '--against', kept, '--key', shown.verifierKey);
    expect(mixedUp).toMatchObject({
      code: 1,
      stderr: `error: the fault is in ${kept}, not in the ledger: 1 problem\n`,
    });
  });

  it.each<[what: string, text: string | undefined, problem: string]>([
    ['is empty', '', 'there is no checkpoint in FILE'],
    ['is something else', 'hello\n', 'line 1 of FILE is no checkpoint'],
    ['is a directory', undefined, 'FILE is a directory'],
  ])('says in one line that a file of checkpoints %s', async (_, text, problem) => {
    const kept = join(newDirectory(), 'kept');
    if (text === undefined) mkdirSync(kept);
    else writeFileSync(kept, text);
    const { code, stdout, stderr } = await run('verify', '--against', kept, '--json');
    expect({ code, stdout, stderr }).toEqual({
      code: 1,
      stdout: '',
      stderr: `error: ${problem.replace('FILE', kept)}\n`,
    });
  });

  it('says in one line that a file is no ledger', async () => {
    const file = join(newDirectory(), 'not-a-ledger');
    cpSync(import.meta.filename, file);
    const { code, stderr } = await run('verify', '--file', file);
    expect(code).toBe(1);
    expect(stderr).toBe(`error: ${file} is not an intact database: file is not a database\n`);
  });
});
