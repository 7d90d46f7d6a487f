/** What a list goes up to: nothing that came later is in it. */
export interface StreamedState {
  /** Of the newest event. */
  readonly position: number;
  /** When that was recorded. */
  readonly at: string;
  /** The time that was asked about. */
  readonly asked?: string | undefined;
  /** So many events are not in the list yet. */
  readonly lag?: number | undefined;
}

/** Items a page at a time, for as long as they are asked for. */
export interface ItemPages<Item> {
  readonly pages: AsyncIterable<readonly Item[]>;
  /** Absent where each item is told as it stands when it is read. */
  readonly asOf?: StreamedState;
  /** The hours that were counted, where items are counts. */
  readonly hours?: CountedHours;
}

/** Items a page at a time, for as long as they are asked for, of one state. */
export interface ItemStream<Item> extends ItemPages<Item> {
  readonly asOf: StreamedState;
}

/** A span of whole hours, and one at most that may be left out: both are told as moments. */
export interface CountedHours {
  readonly from: string;
  readonly to: string;
  readonly partialHour: string | null;
}

/** The first so many of these items, a page at a time; no page is asked for that is not needed. */
export async function* firstOf<Item>(
  pages: AsyncIterable<readonly Item[]>,
  limit: number,
): AsyncGenerator<readonly Item[]> {
  let left = limit;
  if (left <= 0) return;
  for await (const page of pages) {
    yield page.slice(0, left);
    left -= page.length;
    if (left <= 0) return;
  }
}

/** The same items, each as something else. */
export async function* mapped<Item, Other>(
  pages: AsyncIterable<readonly Item[]>,
  told: (item: Item) => Other,
): AsyncGenerator<readonly Other[]> {
  for await (const page of pages) yield page.map((item) => told(item));
}
