import type { BacktestPolicy } from '../../../src/domain/backtest/backtest-policy.rules.js';
import {
  backtestFamily,
  type FamilyBacktest,
} from '../../../src/domain/backtest/family-backtest.rules.js';
import type { Position } from '../../../src/domain/identifiers.js';
import type { RecordedFamilyEvent } from '../../../src/domain/token-family/family.evolve.js';
import type { Given } from '../../support/given-when-then.js';

/** The position of the family's event of this index: other streams stand between them. */
export function positionOf(index: number): Position {
  return 40 + 3 * index;
}

/** Decides the attempts of this history again under a policy. */
export function backtest(
  family: Given | readonly RecordedFamilyEvent[],
  policy: BacktestPolicy,
): FamilyBacktest {
  const history = 'history' in family ? family.history : family;
  const inLedger = history.map((event, index) =>
    Object.assign({ position: positionOf(index) }, event),
  );
  return backtestFamily(inLedger, policy);
}
