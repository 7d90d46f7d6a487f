/** What the ledger can fail with. A refusal of a decision is a value, not one of these. */
export type LedgerErrorCode =
  | 'ledger_busy'
  | 'ledger_unavailable'
  | 'ledger_corrupted'
  | 'ledger_locked'
  | 'ledger_rolled_back'
  | 'schema_newer'
  | 'clock_behind'
  | 'disk_full'
  | 'read_only';

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

/** The clock is too far behind the last event to record anything; it passes when that is right. */
export class ClockBehind extends LedgerUnavailable {
  constructor(
    message: string,
    /** How long until the clock has caught up by itself. */
    readonly waitMilliseconds: number,
  ) {
    super('clock_behind', message);
  }
}

/** The ledger contradicts itself. The process must stop: no answer could be trusted. */
export class LedgerCorrupted extends LedgerError {
  constructor(message: string, options?: { cause?: unknown }) {
    super('ledger_corrupted', message, options);
  }
}
