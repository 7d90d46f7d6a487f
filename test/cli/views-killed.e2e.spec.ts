import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync } from 'node:fs';
import { resolve } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { viewsPlaceOf, viewsShelfOf } from '../../src/cli/views-thread.js';
import { onDatabase } from '../support/ledger-sqlite.js';
import { fillInBulk } from '../support/views-bulk.js';
import { openViewsStage, rowsOfViews, type ViewsStage } from '../support/views-stage.js';
import { endProcesses, runBuilt, temporaryDirectories, useBuild } from './built-processes.js';

useBuild();
const newDirectory = temporaryDirectories();
afterAll(endProcesses);

describe('a rebuild that is killed', () => {
  const KILLS = 8;
  const EVENTS = 40_000;
  let stage: ViewsStage;
  beforeAll(async () => {
    stage = await openViewsStage();
    onDatabase(stage.file, (database) => fillInBulk(database, EVENTS));
  }, 60_000);
  afterAll(() => stage.remove());

  const surroundings = () => ({
    directory: newDirectory(),
    environment: { TOKEN_LEDGER_DATA_DIR: stage.directory },
  });

  function startRebuild(): ChildProcess {
    const { directory, environment } = surroundings();
    const cli = resolve(import.meta.dirname, '../../dist/cli.js');
    return spawn(process.execPath, [cli, 'views', 'rebuild'], { cwd: directory, env: environment });
  }

  it('leaves the views that serve, and the next one completes', async () => {
    const first = await stage.rebuild();
    const rows = rowsOfViews(stage.fileOf(first));
    expect(rows['audit_events']).toHaveLength(EVENTS);
    const reader = stage.reader();
    const counts = () => reader.activity({ from: 0, to: Number.MAX_SAFE_INTEGER });
    const expected = await counts();
    let begun = 0;
    for (let kill = 0; kill < KILLS; kill += 1) {
      const before = stage.shelf.current();
      const child = startRebuild();
      const exited = once(child, 'exit');
      const made = filesOf(stage).length;
      const hasBegun = (): boolean =>
        filesOf(stage).length > made || stage.shelf.current() !== before;
      // One in four is killed before it has a file, the others while they fill or index it.
      if (kill % 4 !== 0) while (!hasBegun() && child.exitCode === null) await pause(2);
      const deadline = performance.now() + Math.random() * 500;
      while (performance.now() < deadline && child.exitCode === null) await pause(2);
      begun += hasBegun() ? 1 : 0;
      child.kill('SIGKILL');
      await exited;
      expect(await counts()).toEqual(expected);
      expect(viewsShelfOf(viewsPlaceOf(stage.settings)).current()).toBeGreaterThanOrEqual(first);
    }
    expect(begun).toBeGreaterThanOrEqual((KILLS * 3) / 4);
    reader.close();
    const { code, stderr } = await runBuilt('cli.js', ['views', 'rebuild'], surroundings());
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    const current = stage.shelf.current() ?? 0;
    expect(current).toBeGreaterThan(first);
    expect(rowsOfViews(stage.fileOf(current))).toEqual(rows);
    stage.shelf.clean();
    expect(filesOf(stage)).toEqual([`${current}.sqlite`]);
  }, 120_000);

  it('refuses another one meanwhile', async () => {
    const build = stage.shelf.build(await stage.feed.log());
    const { code, stderr } = await runBuilt('cli.js', ['views', 'rebuild'], surroundings());
    build?.discard();
    expect({ code, stderr }).toEqual({
      code: 1,
      stderr: 'error: another process is building views: wait until it is done\n',
    });
  });
});

/** The databases of views that have a file. */
function filesOf({ viewsDirectory }: ViewsStage): string[] {
  return readdirSync(viewsDirectory).filter((name) => name.endsWith('.sqlite'));
}
