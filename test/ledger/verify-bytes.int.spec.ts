import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { openSqliteSource } from '../../src/ledger/sqlite/sqlite-ledger.source.js';
import { verifyLedger } from '../../src/ledger/verification/verify-ledger.js';
import { openSqliteStore, type SqliteLedgerStore } from '../support/ledger-sqlite.js';
import { fillLedger, tamper } from '../support/ledger-tampering.js';

/** Every column that says something about an event or a stream. */
const TEXT_COLUMNS = [
  ['events', 'body'],
  ['streams', 'state'],
  ['events', 'stream_id'],
  ['events', 'type'],
  ['streams', 'stream_id'],
  ['streams', 'kind'],
  ['streams', 'project_id'],
  ['streams', 'subject_id'],
  ['streams', 'client_id'],
  ['streams', 'digest'],
  ['origins', 'salt'],
  ['origins', 'address'],
  ['origins', 'user_agent'],
  ['origins', 'request_id'],
] as const;

const NUMBER_COLUMNS = [
  ['events', 'position'],
  ['events', 'stream_version'],
  ['events', 'previous_position'],
  ['events', 'appended_at'],
  ['streams', 'version'],
  ['streams', 'last_position'],
  ['origins', 'position'],
] as const;

describe('a verification', () => {
  let store: SqliteLedgerStore;

  beforeAll(async () => {
    store = await openSqliteStore();
    await fillLedger(store.ledger);
    await store.ledger.close();
  });

  afterAll(async () => {
    await store.expectIntact();
    await store.remove();
  });

  /** Whether a verification is content with the ledger after a change, which is undone then. */
  async function isContentWith(
    table: string,
    column: string,
    row: number,
    change: (before: Buffer | bigint) => Buffer | bigint,
  ): Promise<boolean> {
    let rowid = 0n;
    let before: Buffer | bigint = 0n;
    const write = (value: Buffer | bigint): void => {
      tamper(store.file, (database) => {
        const text = typeof value === 'bigint' ? '?' : 'CAST(? AS TEXT)';
        database
          .prepare(`UPDATE OR IGNORE ${table} SET ${column} = ${text} WHERE rowid = ?`)
          .run(value, rowid);
        if (column === 'position') rowid = value as bigint;
      });
    };
    tamper(store.file, (database) => {
      const rows = database
        .prepare<[], [bigint, string | bigint, Buffer]>(
          `SELECT rowid, ${column}, CAST(${column} AS BLOB) FROM ${table} WHERE ${column} IS NOT NULL`,
        )
        .raw()
        .safeIntegers()
        .all();
      const [id, value, bytes] = rows[row % rows.length] ?? [0n, 0n, Buffer.alloc(0)];
      rowid = id;
      before = typeof value === 'bigint' ? value : bytes;
    });
    const after = change(before);
    write(after);
    const source = openSqliteSource(store.file);
    const { ok } = await verifyLedger(source);
    await source.close();
    write(before);
    return ok;
  }

  it('finds any byte that changed in a body, a state or another text', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.oneof(
          { weight: 3, arbitrary: fc.constantFrom(TEXT_COLUMNS[0], TEXT_COLUMNS[1]) },
          { weight: 1, arbitrary: fc.constantFrom(...TEXT_COLUMNS) },
        ),
        fc.nat(1000),
        fc.nat(10_000),
        // Mostly a digit or a letter in place of another: what is still JSON.
        fc.oneof(
          fc.constantFrom(...Buffer.from('0123456789abcdefXYZ"{}[],: -.eE\\')),
          fc.integer({ min: 1, max: 255 }),
        ),
        async ([table, column], row, place, byte) => {
          let isChanged = true;
          const isContent = await isContentWith(table, column, row, (before) => {
            const after = Buffer.from(before as Buffer);
            const index = place % after.length;
            isChanged = after[index] !== byte;
            after[index] = byte;
            return after;
          });
          expect(isContent).toBe(!isChanged);
        },
      ),
      { numRuns: 300, endOnFailure: true },
    );
  }, 120_000);

  it('finds any number that changed', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.constantFrom(...NUMBER_COLUMNS),
        fc.nat(1000),
        fc.oneof(fc.constantFrom(-1, 1), fc.integer({ min: -50, max: 50 })),
        async ([table, column], row, change) => {
          let isChanged = true;
          const isContent = await isContentWith(table, column, row, (before) => {
            // Two rows cannot have one position: such a change is none.
            const after = (before as bigint) + BigInt(change) * (column === 'position' ? 100n : 1n);
            isChanged = after !== before;
            return after;
          });
          expect(isContent).toBe(!isChanged);
        },
      ),
      { numRuns: 100, endOnFailure: true },
    );
  }, 120_000);
});
