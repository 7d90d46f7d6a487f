import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { afterAll, afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import type { AskedPolicy } from '../../src/replay/backtest.parameters.js';
import type { BacktestResult } from '../../src/replay/backtest-result.answer.js';
import type { ReplayedDifference } from '../../src/replay/difference.answer.js';
import type { ReplayedState } from '../../src/replay/state.answer.js';
import {
  type Ended,
  endProcesses,
  runBuilt,
  temporaryDirectories,
  useBuild,
} from '../cli/built-processes.js';
import { anyHappening, ViewsHistory } from '../support/views-history.js';
import {
  catchUp,
  eventsOf,
  openViewsStage,
  rowsOfViews,
  type ViewsStage,
} from '../support/views-stage.js';
import { liveScripted } from './scripted-history.js';

useBuild();
const newDirectory = temporaryDirectories();
afterAll(endProcesses);

const HOURS = 3_600_000;
let stage: ViewsStage;
let directory: string;
beforeEach(async () => {
  stage = await openViewsStage();
  // The command line writes by the real clock, which must not be behind.
  stage.clock.now = Date.now() - 6 * HOURS;
  directory = newDirectory();
});
afterEach(() => stage.remove());

function run(...words: readonly string[]): Promise<Ended> {
  const environment = { TOKEN_LEDGER_DATA_DIR: stage.directory };
  return runBuilt('cli.js', words, { directory, environment });
}

async function json<Body>(...words: readonly string[]): Promise<Body> {
  const { code, stdout, stderr } = await run(...words, '--json');
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  return JSON.parse(stdout) as Body;
}

async function refusal(...words: readonly string[]): Promise<string> {
  const { code, stdout, stderr } = await run(...words);
  expect({ code, stdout }).toEqual({ code: 1, stdout: '' });
  return stderr;
}

describe('replay until', () => {
  it('makes the views that a server had at that position, row by row', async () => {
    const history = new ViewsHistory(stage);
    const [happenings = []] = fc.sample(fc.array(anyHappening, { minLength: 100 }), 1);
    await history.takeAll(happenings.filter(({ what }) => what !== 'erase'));
    const live = stage.open(await stage.rebuild());
    await liveScripted(stage.ledger, stage.clock, 'a-');
    await catchUp(stage.feed, live);
    const position = (await stage.ledger.size()) - 1;
    const rows = rowsOfViews(stage.fileOf(stage.shelf.current() ?? 0));
    await liveScripted(stage.ledger, stage.clock, 'b-');
    const file = join(newDirectory(), 'views.sqlite');
    const told = await json('replay', 'until', String(position), '--out', file);
    expect(told).toMatchObject({ position, events: position + 1, file });
    expect(readdirSync(dirname(file))).toEqual(['views.sqlite']);
    expect(rowsOfViews(file)).toEqual(rows);
  });

  it('deletes no file that it did not make, and makes no directory', async () => {
    await liveScripted(stage.ledger, stage.clock);
    const own = newDirectory();
    const file = join(own, 'views.sqlite');
    writeFileSync(`${file}.new`, 'notes');
    const [one, other] = await Promise.all([
      run('replay', 'until', '5', '--out', file),
      run('replay', 'until', '5', '--out', file),
    ]);
    expect(new Set([one.code, other.code])).toEqual(new Set([0, 1]));
    expect(one.stderr + other.stderr).toContain(`${file} is there already`);
    expect(readFileSync(`${file}.new`, 'utf8')).toBe('notes');
    expect(readdirSync(own).toSorted()).toEqual(['views.sqlite', 'views.sqlite.new']);
    const missing = join(own, 'no', 'views.sqlite');
    expect(await refusal('replay', 'until', '5', '--out', missing)).toContain(
      'check the directory',
    );
    expect(existsSync(dirname(missing))).toBe(false);
  });

  it('takes a time, and writes over nothing', async () => {
    await liveScripted(stage.ledger, stage.clock);
    const events = await eventsOf(stage.ledger);
    const at = new Date(Number(events[5]?.appendedAt)).toISOString();
    const last = events.findLast(({ appendedAt }) => appendedAt <= Date.parse(at));
    const file = join(newDirectory(), 'views.sqlite');
    const { code, stdout } = await run('replay', 'until', at, '--out', file);
    expect({ code, stdout }).toEqual({
      code: 0,
      stdout: `${file} has ${Number(last?.position) + 1} events, up to position ${last?.position}.\n`,
    });
    expect(await refusal('replay', 'until', at, '--out', file)).toContain('is there already');
    const other = `${file}.other`;
    expect(await refusal('replay', 'until', '999', '--out', other)).toContain(
      'that is beyond the newest',
    );
    const ahead = await refusal('replay', 'until', '2999-01-01T00:00:00Z', '--out', other);
    expect(ahead).toBe('error: that time is yet to come\n');
    expect(await refusal('replay', 'until', 'zebra', '--out', other)).toContain('RFC 3339');
    expect(existsSync(other)).toBe(false);
  });
});

describe('replay state and replay diff', () => {
  beforeEach(() => liveScripted(stage.ledger, stage.clock));

  it('tell a family at a moment, and what changed it', async () => {
    const family = (await eventsOf(stage.ledger)).filter(
      ({ streamId }) => streamId === 'family:late',
    );
    const [, redeemed, , reused] = family.map(({ position }) => String(position));
    const words = ['replay', 'state', 'family:late', '--at', String(redeemed)];
    const state = await json<ReplayedState>(...words);
    expect(state).toMatchObject({ version: 2, state: { generation: 0 } });
    const text = await run(...words);
    expect(text.stdout).toMatch(/generation [ │]+0 /);
    const between = ['replay', 'diff', 'family:late', '--from', String(redeemed)];
    const difference = await json<ReplayedDifference>(...between);
    expect(difference.steps.map(({ position }) => String(position))).toContain(reused);
    const told = await run(...between);
    expect(told.stdout).toMatch(/\/generation [ │]+0 [ │]+1 [ │]+RefreshTokenRotated/);
  });

  it('print instants as times and spans as seconds, in every stream of the ledger', async () => {
    const events = await eventsOf(stage.ledger);
    const streams = [...new Set(events.map(({ streamId }) => streamId))];
    const printed = await Promise.all(
      streams.flatMap((streamId) => [
        run('replay', 'state', streamId),
        run('replay', 'diff', streamId, '--from', '0'),
      ]),
    );
    for (const { code, stdout } of printed) {
      expect(code).toBe(0);
      expect(stdout).not.toMatch(/\d{12}/);
    }
    const { recordedAt } = events.find(({ streamId }) => streamId === 'family:late') ?? {};
    const { stdout } = await run('replay', 'state', 'family:late');
    const granted = new Date(Number(recordedAt)).toISOString();
    expect(stdout).toMatch(new RegExp(`grantedAt +│ ${granted} `));
    expect(stdout).toMatch(/policy\.retryWindow +│ 30 s /);
  });

  it('refuse what is not there', async () => {
    expect(await refusal('replay', 'state', 'family:nobody')).toContain('no such stream');
    expect(await refusal('replay', 'state', 'zebra')).toContain('<kind>:<id>');
    expect(await refusal('replay', 'diff', 'family:late')).toContain('--from');
    const later = '2999-01-01T00:00:00Z';
    for (const words of [
      ['state', 'family:late', '--at', later],
      ['diff', 'family:late', '--from', '1', '--to', later],
    ]) {
      expect(await refusal('replay', ...words)).toBe('error: that time is yet to come\n');
    }
    const backwards = ['replay', 'diff', 'family:late', '--from', '9', '--to', '2'];
    expect(await refusal(...backwards)).toContain('must not be later');
  });
});

describe('backtest', () => {
  beforeEach(() => liveScripted(stage.ledger, stage.clock));

  it('tells what another window would have changed, and records that it was run', async () => {
    const before = await eventsOf(stage.ledger);
    const out = join(newDirectory(), 'attempts.ndjson');
    const { policy, result } = await json<{ policy: AskedPolicy; result: BacktestResult }>(
      'backtest',
      '--retry-window-seconds',
      '60',
      '--out',
      out,
    );
    expect(policy).toEqual({ retryWindowSeconds: 60 });
    expect(result).toMatchObject({
      families: { read: 4, diverged: 2 },
      falseAlarmsAvoided: { cause: 1 },
      theftsMissed: { cause: 1 },
      thefts: { verdict: 0, cause: 2 },
      dwellMilliseconds: {
        recorded: { count: 2, notMeasured: 0 },
        simulated: { count: 1, notMeasured: 1 },
      },
    });
    const lines = readFileSync(out, 'utf8').trimEnd().split('\n');
    const attempts = lines.map((line) => JSON.parse(line) as Record<string, unknown>);
    expect(attempts).toHaveLength(14);
    expect(attempts.filter(({ recorded, simulated }) => recorded !== simulated)).toHaveLength(2);
    const added = (await eventsOf(stage.ledger)).slice(before.length);
    expect(added.map(({ type, data }) => [type, data['action']])).toEqual([
      ['AdministrationRecorded', 'replay.backtest'],
    ]);
    expect(added[0]?.data['backtest']).toEqual({
      policy: { retryWindow: 60_000 },
      from: 0,
      to: before.length - 1,
    });
  });

  it('prints tables for people', async () => {
    const { code, stdout } = await run('backtest', '--retry-window-seconds', '5');
    expect(code).toBe(0);
    expect(stdout).toMatch(/^Families +\d+$/m);
    expect(stdout).toMatch(
      /^Other outcome +in \d+ famil(?:y|ies): better or worse, as the table says$/m,
    );
    expect(stdout).toMatch(/retried [ │]+killed [ │]+1 /);
    expect(stdout).toMatch(/New false alarms +0 \(0 by verdict, 0 by likely cause\), 1 without/);
    expect(stdout).toMatch(/Ended by reuse +3; would have been 4, as far as it can be compared/);
    expect(stdout).not.toContain('NOT MEASURED');
  });

  it('never tells a theft that was not measured as one that was noticed at once', async () => {
    const { stdout } = await run('backtest', '--retry-window-seconds', '86400');
    expect(stdout).toMatch(/Thief unnoticed +was: median .+, measured of 2 thefts\n/);
    expect(stdout).toMatch(/\n +would have been: NOT MEASURED of 2 thefts\n/);
    expect(stdout).toContain('\nNot measured is no improvement: ');
  });

  it('refuses what makes no sense, before it records anything', async () => {
    const before = await stage.ledger.size();
    expect(await refusal('backtest')).toContain('say what the policy would be');
    expect(await refusal('backtest', '--retry-window-seconds', '86401')).toContain(
      '--retry-window-seconds must be a whole number of seconds from 0 to 86400',
    );
    const policy = ['backtest', '--retry-window-seconds', '5'];
    expect(await refusal(...policy, '--client', 'nobody')).toContain('no such client');
    expect(await refusal(...policy, '--from', '9', '--to', '1')).toContain('must not be later');
    const out = join(newDirectory(), 'no/attempts.ndjson');
    expect(await refusal(...policy, '--out', out)).toContain('cannot be written');
    expect(await stage.ledger.size()).toBe(before);
  });
});
