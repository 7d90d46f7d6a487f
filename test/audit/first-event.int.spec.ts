import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { FindFamilyHandler } from '../../src/audit/find-family.handler.js';
import { FindFamily } from '../../src/audit/find-family.query.js';
import type { Ledger } from '../../src/ledger/ledger.port.js';
import { count } from '../support/ledger-executions.js';
import { beginFamily } from '../support/ledger-families.js';
import { damageTable, openViewsStage, type ViewsStage } from '../support/views-stage.js';

/** So many events are alike in the time that they were appended at. */
const OTHERS = 300;

let stage: ViewsStage;
beforeEach(async () => {
  stage = await openViewsStage();
  for (let index = 0; index < OTHERS; index += 1) await count(stage.ledger, 'others');
  await beginFamily(stage.ledger, 'family-1');
});
afterEach(() => stage.remove());

/** Which events a family begins and ends with, and how many pages of the ledger were read for that. */
async function marks(familyId: string) {
  let pages = 0;
  const ledger = new Proxy<Ledger>(stage.ledger, {
    get: (target, name) => {
      if (name === 'eventsAfter') pages += 1;
      const value: unknown = Reflect.get(target, name);
      return typeof value === 'function' ? (value.bind(target) as unknown) : value;
    },
  });
  const answer = await new FindFamilyHandler(ledger, stage.reader()).execute(
    new FindFamily(familyId, undefined),
  );
  return { events: answer?.family.events, pages };
}

const whole = {
  count: 2,
  first: expect.objectContaining({ position: OTHERS, type: 'GrantIssued' }),
  last: expect.objectContaining({ position: OTHERS + 1, type: 'GrantRedeemed' }),
};

describe('the first event of a family', () => {
  it('is where the views say, and only the newest and the last are read beside it', async () => {
    await stage.rebuild();
    expect(await marks('family-1')).toEqual({ events: whole, pages: 2 });
  });

  it('is looked for in the ledger while there are no views', async () => {
    const { events, pages } = await marks('family-1');
    expect(events).toEqual(whole);
    expect(pages).toBeGreaterThan(2);
  });

  it('is looked for in the ledger when the views are damaged', async () => {
    damageTable(stage.fileOf(await stage.rebuild()), 'families');
    const { events } = await marks('family-1');
    expect(events).toEqual(whole);
  });

  it('is looked for in the ledger when the views have not come so far', async () => {
    await stage.rebuild();
    await beginFamily(stage.ledger, 'family-2');
    const { events } = await marks('family-2');
    expect(events?.first).toMatchObject({ position: OTHERS + 2, type: 'GrantIssued' });
  });
});
