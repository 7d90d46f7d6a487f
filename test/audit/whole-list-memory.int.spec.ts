import { setImmediate } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, describe, expect, it, jest } from '@jest/globals';
import type { FastifyReply } from 'fastify';
import { auditEventColumns } from '../../src/audit/audit-event.columns.js';
import { auditIncidentColumns } from '../../src/audit/audit-incident.columns.js';
import type { CsvColumns } from '../../src/access/csv.reply.js';
import type { ItemStream } from '../../src/access/item-stream.js';
import { StreamEventsHandler } from '../../src/audit/list-events.handler.js';
import { StreamEvents } from '../../src/audit/list-events.query.js';
import { listedFamilyColumns } from '../../src/audit/listed-family.columns.js';
import type { Listing, ListingRequest } from '../../src/audit/listing.reader.js';
import { SearchEventsHandler } from '../../src/audit/search-events.handler.js';
import { SearchEvents } from '../../src/audit/search-events.query.js';
import { SearchFamiliesHandler } from '../../src/audit/search-families.handler.js';
import { SearchFamilies } from '../../src/audit/search-families.query.js';
import { SearchIncidentsHandler } from '../../src/audit/search-incidents.handler.js';
import { SearchIncidents } from '../../src/audit/search-incidents.query.js';
import { wholeListReply } from '../../src/access/whole-list.reply.js';
import type { SqliteViewsReader } from '../../src/views/sqlite/sqlite-views.reader.js';
import type { PageRequest, ViewsBeingBuilt } from '../../src/views/views.port.js';
import { photoApp } from '../support/domain-world.js';
import { append, clientRegistered } from '../support/ledger-executions.js';
import { beginFamily, refreshFamily } from '../support/ledger-families.js';
import { openViewsStage, type ViewsStage } from '../support/views-stage.js';

const FAMILIES = 2500;
const AT_ONCE = 500;
const DAY = 86_400_000;
/** Two pages: so many rows may be on their way from the tables to a reader, however many there are. */
const ROWS_HELD_MAX = 500;

const everything: ListingRequest = {
  order: 'oldest_first',
  limit: Infinity,
  after: null,
  upTo: undefined,
  instant: 0,
  isAsked: false,
};

let stage: ViewsStage;
let views: SqliteViewsReader;

beforeAll(async () => {
  stage = await openViewsStage();
  await append(stage.ledger, 'client', photoApp.clientId, [clientRegistered('Photos')]);
  for (let first = 0; first < FAMILIES; first += AT_ONCE) await stealFrom(first);
  await stage.rebuild();
  views = stage.reader();
}, 120_000);
afterEach(() => void jest.restoreAllMocks());
afterAll(() => stage.remove());

/** Families that are rotated twice, and die of a reuse each. */
async function stealFrom(first: number): Promise<void> {
  const { ledger, clock } = stage;
  const ids = Array.from({ length: AT_ONCE }, (_, index) => `family${first + index}`);
  await Promise.all(ids.map((id) => beginFamily(ledger, id)));
  for (const generation of [0, 1, 0]) {
    clock.now += 60_000;
    await Promise.all(ids.map((id) => refreshFamily(ledger, id, generation)));
  }
}

function listed<Item>(listing: Listing<Item> | ViewsBeingBuilt): ItemStream<Item> {
  if (listing.kind === 'being_built') throw new Error('there are no views');
  return { asOf: listing.asOf, pages: listing.pages() };
}

/** How many rows were asked for of what is spied upon. */
type Asked = () => number;

/** The rows that calls asked for: of a page as its last argument says, or of a number of events. */
function rowsAskedIn(calls: readonly (readonly unknown[])[]): number {
  return calls.reduce((sum, words) => {
    const last = words.at(-1) as PageRequest | number;
    return sum + (typeof last === 'number' ? last : last.limit);
  }, 0);
}

async function someTurns(): Promise<void> {
  for (let turn = 0; turn < 30; turn += 1) await setImmediate();
}

/** Takes a chunk now and then; answers with the most rows that were asked for and not taken yet. */
async function readSlowly<Item>(
  type: 'text/csv' | 'application/x-ndjson',
  items: ItemStream<Item>,
  columns: CsvColumns<Item>,
  asked: Asked,
): Promise<{ readonly rows: number; readonly heldMax: number }> {
  const reply = { header: () => undefined } as unknown as FastifyReply;
  const stream = wholeListReply(type, items, reply, columns).getStream();
  let rows = type === 'text/csv' ? -1 : 0;
  let heldMax = 0;
  while (!stream.readableEnded) {
    // Whoever waits here asks for nothing: what comes nevertheless is held.
    await someTurns();
    heldMax = Math.max(heldMax, asked() - Math.max(0, rows));
    const chunk = stream.read() as Buffer | null;
    rows += chunk?.toString().match(/\n/g)?.length ?? 0;
  }
  return { rows, heldMax };
}

describe.each(['application/x-ndjson', 'text/csv'] as const)('a whole list as %s', (type) => {
  it('of the ledger holds a bounded number of events for a slow reader', async () => {
    const { ledger } = stage;
    const asked = jest.spyOn(ledger, 'eventsAfter');
    const items = await new StreamEventsHandler(ledger).execute(new StreamEvents({ after: null }));
    const size = await ledger.size();
    asked.mockClear();
    const read = await readSlowly(type, items, auditEventColumns, () =>
      rowsAskedIn(asked.mock.calls),
    );
    expect(read.rows).toBe(size);
    expect(read.heldMax).toBeGreaterThan(0);
    expect(read.heldMax).toBeLessThanOrEqual(ROWS_HELD_MAX);
  }, 60_000);

  it('of chosen events holds a bounded number of them for a slow reader', async () => {
    const asked = jest.spyOn(views, 'eventPositions');
    const query = new SearchEvents({ outcome: 'rotated' }, everything, true);
    const items = listed(await new SearchEventsHandler(stage.ledger, views).execute(query));
    const read = await readSlowly(type, items, auditEventColumns, () =>
      rowsAskedIn(asked.mock.calls),
    );
    expect(read.rows).toBe(2 * FAMILIES);
    expect(read.heldMax).toBeGreaterThan(0);
    expect(read.heldMax).toBeLessThanOrEqual(ROWS_HELD_MAX);
  }, 60_000);

  it('of families holds a bounded number of them for a slow reader', async () => {
    const asked = jest.spyOn(views, 'families');
    const query = new SearchFamilies({}, { ...everything, instant: DAY }, true);
    const items = listed(await new SearchFamiliesHandler(stage.ledger, views).execute(query));
    const read = await readSlowly(type, items, listedFamilyColumns, () =>
      rowsAskedIn(asked.mock.calls),
    );
    expect(read.rows).toBe(FAMILIES);
    expect(read.heldMax).toBeGreaterThan(0);
    expect(read.heldMax).toBeLessThanOrEqual(ROWS_HELD_MAX);
  }, 60_000);

  it('of incidents holds a bounded number of them for a slow reader', async () => {
    const asked = jest.spyOn(views, 'incidents');
    const query = new SearchIncidents({}, everything, true);
    const items = listed(await new SearchIncidentsHandler(stage.ledger, views).execute(query));
    const read = await readSlowly(type, items, auditIncidentColumns, () =>
      rowsAskedIn(asked.mock.calls),
    );
    expect(read.rows).toBe(FAMILIES);
    expect(read.heldMax).toBeGreaterThan(0);
    expect(read.heldMax).toBeLessThanOrEqual(ROWS_HELD_MAX);
  }, 60_000);
});
