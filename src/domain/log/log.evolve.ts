import type { Folded } from '../directory/directory.evolve.js';
import type { LogState } from './log.state.js';

/** Folds one event of the log's own stream. Throws an Error on an impossible history. */
export function evolveLog(state: LogState | undefined, event: Folded<'log'>): LogState {
  const { origin, epoch, verifierKey } = event.data;
  const opened = { origin, epoch, verifierKey, epochOpenedAt: event.recordedAt };
  if (event.type === 'LogOpened') {
    if (state !== undefined) throw new Error('a log is opened once');
    return opened;
  }
  if (state === undefined) {
    throw new Error(`${event.type} cannot be the first event of its stream`);
  } else if (epoch <= state.epoch) {
    throw new Error('a restored ledger has a later epoch than before');
  }
  return { ...opened, acknowledgement: event.data.acknowledgement };
}
