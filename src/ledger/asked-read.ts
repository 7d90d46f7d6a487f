import type { StateReader } from './ledger.port.js';

/** A query that waits to be run together with others. */
export interface AskedRead {
  readonly query: (reader: StateReader) => unknown;
  readonly resolve: (result: never) => void;
  readonly reject: (error: unknown) => void;
}
