import { describe, expect, it } from '@jest/globals';
import type { Folded } from '../../../src/domain/directory/directory.evolve.js';
import { decideOpenLog, decideRestoreLedger } from '../../../src/domain/log/log.decider.js';
import { evolveLog } from '../../../src/domain/log/log.evolve.js';
import type { LogState } from '../../../src/domain/log/log.state.js';

const recordedAt = 1_792_918_800_000;
const opened = { origin: 'token-ledger/a', epoch: 0, verifierKey: 'token-ledger/a+00000000+AQ==' };
const acknowledgement = 'token-ledger/a/1-b\n7\n';
const restored = {
  ...opened,
  origin: 'token-ledger/a/1-b',
  epoch: 1,
  size: 7,
  knownSize: 9,
  acknowledgement,
};
const state: LogState = { ...opened, epochOpenedAt: recordedAt };

const folded = (type: 'LogOpened' | 'LedgerRestored', data: object): Folded<'log'> =>
  ({ type, data, recordedAt, id: '0' }) as Folded<'log'>;

describe('opening a log', () => {
  it('says who it is', () => {
    const { events, outcome } = decideOpenLog(undefined, opened);
    expect(events).toEqual([{ type: 'LogOpened', data: opened }]);
    expect(outcome).toEqual({ kind: 'opened' });
    expect(evolveLog(undefined, folded('LogOpened', opened))).toEqual(state);
  });

  it('happens once: another origin changes nothing', () => {
    expect(decideOpenLog(state, { ...opened, origin: 'token-ledger/b' })).toEqual({
      events: [],
      outcome: { kind: 'already_open' },
    });
    expect(() => evolveLog(state, folded('LogOpened', opened))).toThrow('opened once');
  });
});

describe('restoring a ledger', () => {
  it('begins a later epoch under another origin', () => {
    const { events, outcome } = decideRestoreLedger(state, restored);
    expect(events).toEqual([{ type: 'LedgerRestored', data: restored }]);
    expect(outcome).toEqual({ kind: 'restored' });
    expect(evolveLog(state, folded('LedgerRestored', restored))).toEqual({
      origin: restored.origin,
      epoch: 1,
      verifierKey: restored.verifierKey,
      acknowledgement,
      epochOpenedAt: recordedAt,
    });
  });

  it.each([
    ['log_not_open', undefined, restored],
    ['epoch_not_later', state, { ...restored, epoch: 0 }],
    ['epoch_not_later', { ...state, epoch: 1 }, restored],
  ] as const)('is refused: %s', (reason, before, data) => {
    expect(decideRestoreLedger(before, data)).toEqual({
      events: [],
      outcome: { kind: 'refused', reason },
    });
  });

  it('never goes back to an epoch that was', () => {
    const again = folded('LedgerRestored', restored);
    expect(() => evolveLog({ ...state, epoch: 1 }, again)).toThrow('a later epoch');
  });
});
