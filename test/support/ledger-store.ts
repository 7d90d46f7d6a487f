import { expect } from '@jest/globals';
import type { Instant } from '../../src/domain/identifiers.js';
import type { Ledger } from '../../src/ledger/ledger.port.js';
import type { LedgerSource } from '../../src/ledger/verification/ledger.source.js';
import { verifyLedger } from '../../src/ledger/verification/verify-ledger.js';

/** A clock that stands still until a test moves it, forwards or backwards. */
export interface SettableClock {
  (): Instant;
  now: Instant;
}

/** When every test of the ledger begins. */
export const LEDGER_TESTED_AT: Instant = Date.UTC(2026, 10, 21, 9);

/** A clock that stands at an instant. */
export function settableClock(now: Instant = LEDGER_TESTED_AT): SettableClock {
  const clock: SettableClock = () => clock.now;
  clock.now = now;
  return clock;
}

/** A throw-away ledger: the same for every kind of store, so that one contract can be tested on all. */
export interface LedgerStore {
  readonly ledger: Ledger;
  readonly clock: SettableClock;
  /** Another way into the same ledger, as another process has it; closed with the store. */
  openAnother(): Promise<Ledger>;
  /** Lets the ledger be in this epoch, as if an old copy had been restored. */
  setEpoch(epoch: number): Promise<void>;
  /** Fails the test unless a verification of the whole ledger finds nothing. */
  expectIntact(): Promise<void>;
  /** Closes what is open and removes the ledger. */
  remove(): Promise<void>;
}

/** Makes an empty throw-away ledger. */
export type OpenLedgerStore = () => Promise<LedgerStore>;

/** Fails the test unless a verification of a whole ledger finds nothing. */
export async function expectSourceIntact(source: LedgerSource): Promise<void> {
  try {
    const report = await verifyLedger(source);
    expect(report.problems).toEqual([]);
    expect(report.ok).toBe(true);
  } finally {
    await source.close();
  }
}
