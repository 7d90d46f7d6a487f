import type { NoSuchMoment } from '../access/moment.js';
import type { Problem } from '../access/problem-details.js';
import { parameterProblem } from '../access/wrong-parameter.js';
import type { NoRange } from './backtest-range.reader.js';

/** Why there is no moment where the ledger was asked for one. */
export const NO_MOMENT: Readonly<Record<NoSuchMoment['reason'], string>> = {
  before_the_ledger: 'is before the first event of the ledger',
  beyond_the_ledger: 'is beyond the newest event of the ledger',
  yet_to_come: 'is yet to come',
};

/** The problem of moments that the ledger does not have, or that are in the wrong order. */
export function noMoment(none: NoRange): Problem {
  return none.kind === 'backwards'
    ? parameterProblem('from', 'must not be later than to')
    : parameterProblem(none.parameter, NO_MOMENT[none.reason]);
}
