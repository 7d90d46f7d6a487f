import type { AsOf } from './as-of.answer.js';

/** Items a page at a time, for as long as they are asked for, of one state. */
export interface ItemStream<Item> {
  readonly asOf: AsOf;
  readonly pages: AsyncIterable<readonly Item[]>;
}
