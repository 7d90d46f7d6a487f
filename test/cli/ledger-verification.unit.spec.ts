import { describe, expect, it } from '@jest/globals';
import { faultText, problemRows, verdictText } from '../../src/cli/ledger-verification.js';
import type { VerificationProblem } from '../../src/ledger/verification/verification-problems.js';

const reportOf = (...problems: readonly VerificationProblem[]) => ({
  ok: false,
  events: 9,
  streams: 9,
  sealed: 0,
  problems,
});
const noRow = (streamId: string) => ({ streamId, problem: 'the stream has no row' });
const leaf = (position: number) => ({
  position,
  evidence: 'leaf' as const,
  problem: `the hash of the event is not the one in tile 0/${Math.floor(position / 256)}`,
});

describe('what a verification found, for people', () => {
  it('is one row for what is wrong with several streams alike', () => {
    expect(problemRows(reportOf(noRow('a:1'), noRow('a:2'), noRow('a:3')))).toEqual([
      ['', 'a:1', 'the stream has no row, and 2 more like it'],
    ]);
  });

  it('is one row for several streams whose events are missing at one place', () => {
    const ahead = (streamId: string) => ({ position: 7, streamId, problem: 'ahead' });
    expect(problemRows(reportOf(ahead('a:1'), ahead('a:2')))).toEqual([
      ['7', 'a:1', 'ahead, and 1 more like it'],
    ]);
  });

  it('is one row for the hashes of several ranges of events', () => {
    expect(problemRows(reportOf(leaf(3), leaf(20_000)))).toEqual([
      ['3', '', 'the hash of the event is not the one in tile 0/0, and 1 more like it'],
    ]);
  });

  it('is a row each for what has a place of its own', () => {
    const problem = 'events are missing';
    expect(problemRows(reportOf({ position: 3, problem }, { position: 7, problem }))).toEqual([
      ['3', '', problem],
      ['7', '', problem],
    ]);
  });

  it('says that there may be more where not all is told', () => {
    const many = Array.from({ length: 20 }, (_, index) => noRow(`a:${index}`));
    expect(problemRows(reportOf(...many))).toEqual([
      ['', 'a:0', 'the stream has no row, and at least 19 more like it'],
    ]);
  });

  it('names the first and the last position of what is only known to be between them', () => {
    const between = { position: 3, positionMax: 9, streamId: 'a:1', problem: 'wrong' };
    expect(problemRows(reportOf(between))).toEqual([['3 to 9', 'a:1', 'wrong']]);
    expect(faultText('the ledger', reportOf(between))).toBe(
      'the ledger is not intact: 1 problem, the first one at position 3 to 9: wrong',
    );
  });

  it('blames a file beside the ledger only where nothing else is wrong', () => {
    const line = { file: '/keys/data.checkpoints', problem: 'line 3 is no checkpoint' };
    expect(faultText('the ledger', reportOf(line))).toBe(
      'the fault is in /keys/data.checkpoints, not in the ledger: 1 problem, the first one: line 3 is no checkpoint',
    );
    expect(verdictText('the ledger', reportOf(line, noRow('a:1')))).toBe(
      'the ledger is not intact: 2 problems',
    );
  });
});
