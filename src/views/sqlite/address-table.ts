import type Database from 'better-sqlite3';
import { BoundedMap } from '../../config/bounded-map.js';
import { ADDRESS_INDEX } from './views-schema.js';

/** How many addresses are kept in memory, about 150 bytes each. */
const ADDRESSES_KEPT_MAX = 50_000;

/**
 * The addresses that events came from, each stored once under a number. To be used within the
 * transactions of one handle; what one of them did must be forgotten when it is rolled back.
 */
export class AddressTable {
  private readonly kept = new BoundedMap<string, number>(ADDRESSES_KEPT_MAX);
  private readonly find: Database.Statement<[string], number>;
  private readonly insert: Database.Statement<[string]>;
  private readonly isUsed: Database.Statement<[number], number>;
  private readonly blank: Database.Statement<[number]>;

  constructor(private readonly handle: Database.Database) {
    this.find = handle
      .prepare<[string], number>('SELECT address_id FROM addresses WHERE address = ? LIMIT 1')
      .pluck();
    this.insert = handle.prepare<[string]>('INSERT INTO addresses (address) VALUES (?)');
    this.isUsed = handle
      .prepare<[number], number>('SELECT 1 FROM audit_events WHERE address_id = ? LIMIT 1')
      .pluck();
    // As long as before, so that the row stays in its place and is overwritten there.
    this.blank = handle.prepare<[number]>(
      `UPDATE addresses SET address = printf('%*s', octet_length(address), '')
       WHERE address_id = ?`,
    );
  }

  /** The number of an address, given to it if need be. */
  numberOf(address: string): number {
    const known = this.kept.get(address) ?? this.find.get(address);
    const number = known ?? Number(this.insert.run(address).lastInsertRowid);
    this.kept.set(address, number);
    return number;
  }

  /**
   * Overwrites those of these addresses that no event names any more. The index is made anew, as its
   * own pages may hold copies.
   */
  erase(numbers: readonly number[]): void {
    const unused = numbers.filter((number) => this.isUsed.get(number) === undefined);
    if (unused.length === 0) return;
    this.handle.exec('DROP INDEX addresses_by_address');
    for (const number of unused) this.blank.run(number);
    this.handle.exec(ADDRESS_INDEX);
    this.forget();
  }

  /** Keeps nothing in memory any more. */
  forget(): void {
    this.kept.clear();
  }
}
