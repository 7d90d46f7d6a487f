/** What the ledger can fail with. A refusal of a decision is a value, not one of these. */
export type LedgerErrorCode =
  | 'ledger_busy'
  | 'ledger_unavailable'
  | 'ledger_corrupted'
  | 'ledger_locked'
  | 'ledger_rolled_back'
  | 'schema_newer'
  | 'clock_ahead'
  | 'clock_behind'
  | 'disk_full'
  | 'read_only';

/** Whether no answer of a ledger can be trusted any more: the process must stop. */
export function isUntrusted(code: string): boolean {
  return code === 'ledger_corrupted' || code === 'ledger_rolled_back';
}

/** The base of the ledger's errors: one clear line, and a stable code. */
export class LedgerError extends Error {
  constructor(
    readonly code: LedgerErrorCode,
    message: string,
    options?: { cause?: unknown },
  ) {
    super(message, options);
    this.name = new.target.name;
  }
}

/** More decisions wait than may; try again soon. */
export class LedgerBusy extends LedgerError {
  constructor() {
    super('ledger_busy', 'the ledger has too many requests waiting; try again shortly');
  }
}

/** The store cannot be written or read now; nothing was lost. */
export class LedgerUnavailable extends LedgerError {}

/** The clock is too wrong to record anything; it passes when that is right. */
export abstract class ClockWrong extends LedgerUnavailable {
  constructor(
    code: 'clock_ahead' | 'clock_behind',
    message: string,
    /** How long until it is worth trying again, if nobody sets the clock. */
    readonly waitMilliseconds: number,
  ) {
    super(code, message);
  }
}

/** The clock is too far behind the last event. */
export class ClockBehind extends ClockWrong {
  constructor(message: string, waitMilliseconds: number) {
    super('clock_behind', message, waitMilliseconds);
  }
}

/** The clock is too far ahead of that of the database, which all nodes of a ledger share. */
export class ClockAhead extends ClockWrong {
  constructor(message: string) {
    super('clock_ahead', message, Number.POSITIVE_INFINITY);
  }
}

/** The ledger contradicts itself. The process must stop: no answer could be trusted. */
export class LedgerCorrupted extends LedgerError {
  constructor(message: string, options?: { cause?: unknown }) {
    super('ledger_corrupted', message, options);
  }
}
