import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { fillViews } from '../../src/cli/replay-until.js';
import { openViewsFile } from '../../src/cli/views-file.js';
import { count } from '../support/ledger-executions.js';
import { onDatabase } from '../support/ledger-sqlite.js';
import { openViewsStage, type ViewsStage } from '../support/views-stage.js';

let stage: ViewsStage;
let file: string;
beforeEach(async () => {
  stage = await openViewsStage();
  file = join(stage.directory, 'then.sqlite');
  for (let event = 0; event < 3; event += 1) await count(stage.ledger, 'a');
  await fillViews({ ledgerFile: stage.file }, { position: 1 }, file, true);
});
afterEach(() => stage.remove());

const page = { order: 'oldest_first', limit: 10, rowsScannedMax: 10 } as const;

describe('a file of views', () => {
  it('of this ledger is read, and stays as it is', async () => {
    const views = await openViewsFile(file, { ledgerFile: stage.file });
    expect(views.fixedAt).toBe(1);
    expect(await views.progress()).toMatchObject({ isServing: true, position: 1, rebuild: null });
    expect(await views.events({}, page)).toMatchObject({ kind: 'viewed', upTo: 1 });
    views.close();
  });

  const spoilt: readonly (readonly [complaint: string, spoil: () => void])[] = [
    ['is not there', () => (file += '.none')],
    ['is no database of views', () => writeFileSync(file, 'not a database'.repeat(1000))],
    ['is no database of views of this version', () => (file = stage.file)],
    ['is no database of views', () => onFile('DROP TABLE progress')],
    ['was made from another ledger', () => onFile("UPDATE progress SET log_origin = 'another'")],
    ['before it was recovered', () => onFile('UPDATE progress SET log_epoch = log_epoch + 1')],
    ['knows more than the ledger', () => onFile('UPDATE progress SET position = 3')],
    ['another history', () => onFile("UPDATE progress SET event_id = 'another'")],
    ['cannot be opened', () => (file = stage.directory)],
  ];
  it.each(spoilt)('that cannot be served is refused in one line: it %s', async (why, spoil) => {
    spoil();
    await expect(openViewsFile(file, { ledgerFile: stage.file })).rejects.toMatchObject({
      name: 'CommandRefused',
      message: expect.stringMatching(new RegExp(`^TOKEN_LEDGER_VIEWS_FILE ${file} .*${why}.*$`)),
    });
  });
});

function onFile(sql: string): void {
  onDatabase(file, (database) => database.exec(sql));
}
