import { Readable } from 'node:stream';
import { afterEach, beforeEach, expect, it } from '@jest/globals';
import { momentAt } from '../../src/access/moment.js';
import { StreamActivityHandler } from '../../src/audit/count-activity.handler.js';
import { StreamActivity } from '../../src/audit/overview.query.js';
import { hourOf } from '../../src/views/hours.js';
import { onDatabase } from '../support/ledger-sqlite.js';
import { LEDGER_TESTED_AT } from '../support/ledger-store.js';
import { fillInBulk } from '../support/views-bulk.js';
import { catchUp, openViewsStage, type ViewsStage } from '../support/views-stage.js';

/** An hour of more events than are counted one by one, and of as many again that come later. */
const EARLY = 12_000;
const ALL = 24_000;
const HOUR = 3_600_000;

let stage: ViewsStage;
/** Where the events lie until they come. */
let later: ViewsStage;

beforeEach(async () => {
  stage = await openViewsStage();
  later = await openViewsStage();
});

afterEach(async () => {
  await stage.remove();
  await later.remove();
});

it('breaks off where an hour grows too long meanwhile to be told as it was', async () => {
  onDatabase(stage.file, (database) => fillInBulk(database, EARLY));
  onDatabase(later.file, (database) => fillInBulk(database, ALL));
  const number = await stage.rebuild();
  const handler = new StreamActivityHandler(stage.ledger, stage.reader());
  const moment = await momentAt(stage.ledger);
  if ('kind' in moment) throw new Error(moment.kind);
  const from = hourOf(LEDGER_TESTED_AT);
  const ask = async () => {
    const seen = await handler.execute(new StreamActivity(moment, { from, to: from + HOUR }));
    if (seen.kind !== 'seen') throw new Error(seen.kind);
    return seen.answer;
  };
  const whole = await Readable.from((await ask()).pages).toArray();
  expect(whole.flat()).toMatchObject([{ counts: { RefreshTokenRotated: expect.any(Number) } }]);
  const { hours, pages } = await ask();
  expect(hours?.partialHour).toBeNull();
  onDatabase(stage.file, (database) => {
    database.exec(`ATTACH '${later.file}' AS later`);
    for (const table of ['events', 'origins']) {
      database.exec(
        `INSERT INTO main.${table} SELECT * FROM later.${table} WHERE position >= ${EARLY}`,
      );
    }
  });
  await catchUp(stage.feed, stage.open(number));
  await expect(Readable.from(pages).toArray()).rejects.toThrow('grew so long');
  const again = await ask();
  expect(again.hours?.partialHour).toBe(new Date(from).toISOString());
  expect((await Readable.from(again.pages).toArray()).flat()).toEqual([]);
});
