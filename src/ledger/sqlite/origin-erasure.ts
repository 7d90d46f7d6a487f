import { setTimeout as wait } from 'node:timers/promises';
import type Database from 'better-sqlite3';
import type { Position } from '../../domain/identifiers.js';
import { LedgerError, LedgerUnavailable } from '../ledger.errors.js';
import type { LedgerStatements } from './ledger-statements.js';
import { ledgerErrorOf } from './sqlite-errors.js';

/** How often it is tried again while others use the file, and how often at most. In milliseconds. */
const PAUSE = 50;
const TRIES_MAX = 200;

/**
 * Removes origins from a ledger file, and from what SQLite keeps beside it. Rows are overwritten and
 * stay: a table that only grows never moves what it holds, but where rows are deleted SQLite moves
 * others and leaves copies of them on its pages, out of reach of `secure_delete` and of later erasures.
 */
export class OriginErasure {
  constructor(
    private readonly handle: Database.Database,
    private readonly statements: LedgerStatements,
    private readonly file: string,
  ) {}

  /** Overwrites the origins of events, durably. Throws a LedgerError. */
  async erase(positions: readonly Position[]): Promise<void> {
    if (await this.repeatedly(() => this.tryErase(positions))) return;
    throw new LedgerUnavailable('ledger_locked', `${this.file} is held by another process`);
  }

  /**
   * Empties the write-ahead log, which holds pages as they were: whether that could be done now.
   */
  settle(): Promise<boolean> {
    return this.repeatedly(() => {
      const [result] = this.handle.pragma('wal_checkpoint(TRUNCATE)') as { busy: number }[];
      return result?.busy === 0;
    });
  }

  private tryErase(positions: readonly Position[]): true {
    this.statements.begin.run();
    try {
      for (const position of positions) this.statements.blankOrigin.run(position);
      this.statements.commit.run();
      return true;
    } finally {
      if (this.handle.inTransaction) this.statements.rollback.run();
    }
  }

  private async repeatedly(attempt: () => boolean): Promise<boolean> {
    for (let tries = 0; tries < TRIES_MAX; tries += 1) {
      try {
        if (attempt()) return true;
      } catch (error) {
        const failure = ledgerErrorOf(error, this.file);
        if (!(failure instanceof LedgerError) || failure.code !== 'ledger_locked') throw failure;
      }
      await wait(PAUSE);
    }
    return false;
  }
}
