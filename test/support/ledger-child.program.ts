/**
 * A process of its own that works on a ledger, for tests. It reads orders from its standard input,
 * one JSON array a line, and answers each with one JSON line: `{ "value": … }` or `{ "error": … }`.
 */
import { statSync } from 'node:fs';
import { createInterface } from 'node:readline';
import Database from 'better-sqlite3';
import { LedgerError } from '../../src/ledger/ledger.errors.js';
import {
  type OpenSqliteLedger,
  openSqliteLedger,
} from '../../src/ledger/sqlite/open-sqlite-ledger.js';
import type { SqliteLedger } from '../../src/ledger/sqlite/sqlite-ledger.js';
import { count } from './ledger-executions.js';
import { beginFamily, refreshFamily } from './ledger-families.js';

const [, , directory = '.', instant] = process.argv;
/** Stands still, as that of the tests does. */
const clock = () => Number(instant);
const file = `${directory}/ledger.sqlite`;
let ledger: SqliteLedger | undefined;
let locker: Database.Database | undefined;
let threads = 0;
const failures: string[] = [];
const uncaught: string[] = [];
process.on('worker', () => (threads += 1));
process.on('uncaughtException', (error) => uncaught.push(error.message));

/** What a test can order. */
const orders = {
  /** Does nothing, once it runs. */
  async wait() {},
  /** Opens the ledger. */
  async open(role: OpenSqliteLedger['role']) {
    const settings = { dataDirectory: directory, ledgerFile: file };
    const observer = { failed: (code: string) => void failures.push(code) };
    ledger = await openSqliteLedger({ settings, role, clock, observer });
  },
  /** Opens the ledger with an observer that throws at every commit, and counts once. */
  async openBadlyObserved() {
    const flushed = () => {
      throw new Error('a broken observer');
    };
    const settings = { dataDirectory: directory, ledgerFile: file };
    ledger = await openSqliteLedger({ settings, role: 'server', clock, observer: { flushed } });
    const counts = await Promise.all([1, 2, 3].map(() => count(opened(), 'a')));
    await new Promise((resolve) => setTimeout(resolve, 20));
    return { counts, uncaught };
  },
  /** Counts so many times, one commit after the other. */
  async count(id: string, times: number) {
    for (let index = 0; index < times; index += 1) await count(opened(), id);
  },
  /** Counts for ever, and says so after each commit. */
  async countForEver(id: string) {
    for (;;) say({ value: await count(opened(), id) });
  },
  /** Rotates so many times, and answers with the most that the write-ahead log ever had. */
  async rotate(times: number, batch: number) {
    const families = Array.from({ length: batch }, (_, index) => `family${index}`);
    await Promise.all(families.map((id) => beginFamily(opened(), id)));
    let walBytesMax = 0;
    for (let generation = 0; generation < times / batch; generation += 1) {
      await Promise.all(families.map((id) => refreshFamily(opened(), id, generation)));
      walBytesMax = Math.max(walBytesMax, statSync(`${file}-wal`).size);
    }
    return { walBytesMax, threads, failures };
  },
  /** Locks the file against every other writer. */
  async lock() {
    locker = new Database(file);
    locker.exec('BEGIN EXCLUSIVE');
  },
  /** Gives the lock back. */
  async unlock() {
    locker?.exec('ROLLBACK');
    locker?.close();
  },
  /** Closes the ledger when nothing else keeps the process alive. */
  async closeLast() {
    process.stdin.unref();
    await opened().close();
    process.stdin.ref();
  },
  /** Closes the ledger. */
  async close() {
    await opened().close();
  },
};

/** The name of an order. */
export type LedgerChildOrder = keyof typeof orders;

function opened(): SqliteLedger {
  if (ledger === undefined) throw new Error('the ledger is not open');
  return ledger;
}

function say(line: object): void {
  process.stdout.write(`${JSON.stringify(line)}\n`);
}

for await (const line of createInterface({ input: process.stdin })) {
  const [order, ...parameters] = JSON.parse(line) as [LedgerChildOrder, ...never[]];
  const carryOut = orders[order] as (...parameters: never[]) => Promise<unknown>;
  try {
    say({ value: (await carryOut(...parameters)) ?? null });
  } catch (error) {
    const code = error instanceof LedgerError ? error.code : undefined;
    say({ error: { code, message: (error as Error).message } });
  }
}
