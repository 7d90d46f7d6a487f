import { setImmediate, setTimeout } from 'node:timers/promises';
import type { Instant, Position } from '../domain/identifiers.js';
import type { Ledger } from '../ledger/ledger.port.js';
import type {
  PageRequest,
  Viewed,
  ViewOrder,
  ViewPage,
  ViewsBeingBuilt,
  ViewsReader,
} from '../views/views.port.js';
import { type AsOf, momentOf } from './as-of.answer.js';
import { firstPositionSince } from '../access/moment.js';

/** So many rows of an index are looked at for one page. */
const ROWS_SCANNED_MAX = 10_000;
/** So many are where each of them leads to events, which lie elsewhere. */
export const ROWS_FOLLOWED_MAX = 1000;
/** So many items are read at one go where all of them are asked for. */
const ITEMS_AT_ONCE = 250;
/** Views that are behind the ledger are given so long to follow, in milliseconds. */
const VIEWS_WAIT_MAX = 250;
const VIEWS_WAIT_STEP = 5;

/** Which part of a list is asked for, and of which state. */
export interface ListingRequest {
  readonly order: ViewOrder;
  /** So many items at most; of a page, if it is one. */
  readonly limit: number;
  /** Where the page before ended; null: the first page. */
  readonly after: Position | null;
  /** The state that is shown; undefined: the newest. */
  readonly upTo: Position | undefined;
  /** What has expired is told by this time. */
  readonly instant: Instant;
  /** Whether that is a time that was asked for. */
  readonly isAsked: boolean;
  /** Only what began at this instant or later, and before that one. */
  readonly from?: Instant | undefined;
  readonly to?: Instant | undefined;
}

/** What a list is read from: rows of the views, and what is told of them. */
export interface ListingSource<Row, Item> {
  readonly page: (request: PageRequest) => Promise<Viewed<ViewPage<Row>>>;
  /** So many rows are looked at for one page, if not as many as usual. */
  readonly rowsScannedMax?: number | undefined;
  /** Where a row began. */
  readonly positionOf: (row: Row) => Position;
  /** What is told of these rows, read at one go. */
  readonly itemsOf: (rows: readonly Row[], state: ListingState) => Promise<readonly Item[]>;
}

/** The state that all pages of a list show. */
export interface ListingState {
  readonly upTo: Position;
  readonly instant: Instant;
}

/** The beginning of a list, and the rest of it for as long as it is asked for. */
export interface Listing<Item> extends ListingState {
  readonly kind: 'listed';
  readonly asOf: AsOf;
  readonly items: readonly Item[];
  /** Where to go on; null: there is nothing more. */
  readonly next: Position | null;
  /** Everything from the first item on, up to the limit; only a page is in memory. */
  readonly pages: () => AsyncGenerator<readonly Item[]>;
}

interface Bounds {
  readonly from: Position;
  /** The first position that is too late; Infinity: none is. */
  readonly end: Position;
}

/** Reads the first page of a list from the views. `isWhole`: the other pages will be asked for too. */
export async function listingOf<Row, Item>(
  { ledger, views }: { readonly ledger: Ledger; readonly views: ViewsReader },
  source: ListingSource<Row, Item>,
  request: ListingRequest,
  isWhole: boolean,
): Promise<Listing<Item> | ViewsBeingBuilt> {
  const wanted = Math.min(request.upTo ?? Infinity, (await ledger.size()) - 1);
  await followed(views, wanted);
  const bounds = await boundsOf(ledger, request);
  const limit = isWhole ? Math.min(ITEMS_AT_ONCE, request.limit) : request.limit;
  const read = (upTo: Position | undefined, after: Position | null, most: number) =>
    readPage(source, request, bounds, { upTo, after, limit: most });
  const viewed = await read(request.upTo, request.after, limit);
  if (viewed.kind === 'being_built') return viewed;
  const { upTo, at, answer } = viewed;
  if (upTo === null || at === null) return { kind: 'being_built', done: 0, total: wanted + 1 };
  const state = { upTo, instant: request.instant };
  const items = await source.itemsOf(answer.rows, state);
  return {
    kind: 'listed',
    ...state,
    asOf: asOfViews(request, { position: upTo, at }, wanted - upTo),
    items,
    next: answer.next,
    async *pages() {
      yield items;
      let left = request.limit - items.length;
      for (let { next } = answer; next !== null && left > 0;) {
        await setImmediate();
        const page = await read(upTo, next, Math.min(ITEMS_AT_ONCE, left));
        if (page.kind === 'being_built') throw new Error('the views are gone');
        const more = await source.itemsOf(page.answer.rows, state);
        yield more;
        left -= more.length;
        ({ next } = page.answer);
      }
    },
  };
}

/** What an answer from the views goes up to. */
export function asOfViews(
  { instant, isAsked }: Pick<ListingRequest, 'instant' | 'isAsked'>,
  { position, at }: { readonly position: Position; readonly at: Instant },
  lag: number,
): AsOf {
  return {
    position,
    at: momentOf(at),
    ...(isAsked ? { asked: momentOf(instant) } : {}),
    ...(lag > 0 ? { lag } : {}),
  };
}

/** Gives the views a moment to come to this position; they are usually there. */
export async function followed(views: ViewsReader, wanted: Position): Promise<void> {
  const until = performance.now() + VIEWS_WAIT_MAX;
  for (;;) {
    const { position } = await views.progress();
    if ((position ?? -1) >= wanted || performance.now() >= until) return;
    await setTimeout(VIEWS_WAIT_STEP);
  }
}

async function boundsOf(ledger: Ledger, { from, to }: ListingRequest): Promise<Bounds> {
  const size = await ledger.size();
  return {
    from: from === undefined ? 0 : await firstPositionSince(ledger, from, size),
    end: to === undefined ? Infinity : await firstPositionSince(ledger, to, size),
  };
}

async function readPage<Row, Item>(
  { page, positionOf, rowsScannedMax = ROWS_SCANNED_MAX }: ListingSource<Row, Item>,
  { order }: ListingRequest,
  { from, end }: Bounds,
  { upTo, after, limit }: Pick<ListingRequest, 'upTo' | 'after' | 'limit'>,
): Promise<Viewed<ViewPage<Row>>> {
  const isNewestFirst = order === 'newest_first';
  const begin = isNewestFirst && end !== Infinity ? Math.min(after ?? Infinity, end) : after;
  const viewed = await page({
    order,
    limit,
    after: begin,
    from,
    upTo,
    rowsScannedMax,
  });
  if (viewed.kind === 'being_built' || isNewestFirst || end === Infinity) return viewed;
  const { answer } = viewed;
  const rows = answer.rows.filter((row) => positionOf(row) < end);
  const isOver = rows.length < answer.rows.length || (answer.next ?? end) >= end - 1;
  return { ...viewed, answer: { ...answer, rows, next: isOver ? null : answer.next } };
}
