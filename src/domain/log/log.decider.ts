import { type Decision, noEvents } from '../decision.js';
import type { EventOf } from '../events/event-catalogue.js';
import type { LogState } from './log.state.js';

type LogEvent<Type extends EventOf<'log'>['type']> = Extract<EventOf<'log'>, { type: Type }>;

/** Says who the log is, once: a log that was opened stays as it is. */
export function decideOpenLog(
  state: LogState | undefined,
  opened: LogEvent<'LogOpened'>['data'],
): Decision<'log', { readonly kind: 'opened' | 'already_open' }> {
  if (state !== undefined) return noEvents({ kind: 'already_open' });
  return { events: [{ type: 'LogOpened', data: opened }], outcome: { kind: 'opened' } };
}

/** Begins another epoch of an opened log, because an old copy of the ledger was put back. */
export function decideRestoreLedger(
  state: LogState | undefined,
  restored: LogEvent<'LedgerRestored'>['data'],
): Decision<'log', { readonly kind: 'restored' } | RestoreRefused> {
  if (state === undefined) return noEvents({ kind: 'refused', reason: 'log_not_open' });
  if (restored.epoch <= state.epoch)
    return noEvents({ kind: 'refused', reason: 'epoch_not_later' });
  return { events: [{ type: 'LedgerRestored', data: restored }], outcome: { kind: 'restored' } };
}

/** Why no epoch was begun. */
export interface RestoreRefused {
  readonly kind: 'refused';
  readonly reason: 'log_not_open' | 'epoch_not_later';
}
