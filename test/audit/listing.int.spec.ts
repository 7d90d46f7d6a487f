import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { listingOf, type ListingRequest } from '../../src/audit/listing.reader.js';
import { viewedStateAt } from '../../src/audit/viewed-state.reader.js';
import type { ViewedEvent } from '../../src/views/views.port.js';
import { append, clientRegistered } from '../support/ledger-executions.js';
import { openViewsStage, type ViewsStage } from '../support/views-stage.js';

let stage: ViewsStage;

beforeEach(async () => {
  stage = await openViewsStage();
});

afterEach(() => stage.remove());

async function register(...ids: readonly string[]): Promise<void> {
  for (const id of ids) await append(stage.ledger, 'client', id, [clientRegistered('Photos')]);
}

/** The positions of a list that is read from views which nobody keeps up to date. */
function positionsListed(request: Partial<ListingRequest>, isWhole = false) {
  const { ledger } = stage;
  const views = stage.reader();
  return listingOf<ViewedEvent, number>(
    { ledger, views },
    {
      page: (page) => views.events({ type: 'ClientRegistered' }, page),
      positionOf: ({ position }) => position,
      itemsOf: async (rows) => rows.map(({ position }) => position),
    },
    {
      order: 'oldest_first',
      limit: 100,
      after: null,
      upTo: undefined,
      instant: 0,
      isAsked: false,
      ...request,
    },
    isWhole,
  );
}

describe('a list from views that are behind the ledger', () => {
  it('says how far it goes, and how many events it could not see', async () => {
    await register('a', 'b');
    await stage.rebuild();
    await register('c', 'd', 'e');
    const listing = await positionsListed({});
    expect(listing).toMatchObject({
      kind: 'listed',
      asOf: { position: 1, lag: 3 },
      items: [0, 1],
      upTo: 1,
    });
    expect(await positionsListed({ upTo: 3 })).toMatchObject({ asOf: { position: 1, lag: 2 } });
    const then = await positionsListed({ upTo: 0 });
    expect(then).toMatchObject({ items: [0], asOf: { position: 0 } });
    expect(then).not.toHaveProperty('asOf.lag');
  });

  it('is the same for several questions about one state', async () => {
    await register('a', 'b');
    await stage.rebuild();
    await register('c');
    const { ledger } = stage;
    const views = stage.reader();
    const moment = { position: 2, recordedAt: 0, instant: 7, isAsked: true };
    expect(await viewedStateAt({ ledger, views }, moment)).toMatchObject({
      kind: 'viewed_state',
      asOf: { position: 1, lag: 1, asked: '1970-01-01T00:00:00.007Z' },
      upTo: 1,
    });
  });
});

describe('a list where there are no views', () => {
  it('says that they are being built', async () => {
    await register('a');
    expect(await positionsListed({})).toMatchObject({ kind: 'being_built' });
    const { ledger } = stage;
    const views = stage.reader();
    const moment = { position: 0, recordedAt: 0, instant: 0, isAsked: false };
    expect(await viewedStateAt({ ledger, views }, moment)).toMatchObject({ kind: 'being_built' });
  });
});

describe('a list that is read whole', () => {
  it('comes a page at a time, to the limit and no further', async () => {
    const ids = Array.from({ length: 600 }, (_, index) => `client-${index}`);
    await Promise.all(ids.map((id) => register(id)));
    await stage.rebuild();
    for (const [limit, sizes] of [
      [Infinity, [250, 250, 100]],
      [300, [250, 50]],
      [5, [5]],
    ] as const) {
      const listing = await positionsListed({ limit }, true);
      if (listing.kind !== 'listed') throw new Error(listing.kind);
      const pages: (readonly number[])[] = [];
      for await (const page of listing.pages()) pages.push(page);
      expect(pages.map((page) => page.length)).toEqual(sizes);
      const expected = Array.from({ length: Math.min(limit, 600) }, (_, index) => index);
      expect(pages.flat()).toEqual(expected);
    }
  });
});
