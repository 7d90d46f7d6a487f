import type { BacktestResult } from '../replay/backtest-result.answer.js';
import { countText, factsText, tableText } from './terminal.js';

/** What a backtest came to: what was compared, how attempts came out, and what follows from it. */
export function backtestText(result: BacktestResult): string {
  return [summaryText(result), outcomesText(result), consequencesText(result)].join('\n\n');
}

/** Not every one of them is a gain. */
const EITHER_WAY = ': better or worse, as the table says';

function summaryText({ families, attempts }: BacktestResult): string {
  const { compared, agreeing, notComparable, counted } = attempts;
  return factsText([
    ['Families', String(families.read)],
    ['Other outcome', `in ${countText(families.diverged, 'family', 'families')}${EITHER_WAY}`],
    ['Attempts', `${compared} decided again, ${agreeing} of them as they were`],
    [
      'Not comparable',
      `${countText(notComparable, 'attempt')} after the first with another outcome`,
    ],
    ['Only counted', counted === 0 ? undefined : countText(counted, 'presentation')],
  ]);
}

function outcomesText({ matrix }: BacktestResult): string {
  const rows = Object.entries(matrix).flatMap(([recorded, row]) =>
    Object.entries(row).map(([simulated, times]) => [recorded, simulated, String(times)]),
  );
  return tableText(['Was', 'Would have been', 'Attempts'], rows);
}

type Measured = BacktestResult['dwellMilliseconds']['recorded'];

/** Spans as people read them. What was not measured is said as often as it was not. */
function measuredText({ count, median, maximum, notMeasured }: Measured): string {
  const isMeasured = median !== null && maximum !== null;
  const parts = [
    ...(isMeasured ? [`median ${median / 1000} s, longest ${maximum / 1000} s`] : []),
    ...(isMeasured ? [`measured of ${countText(count, 'theft')}`] : []),
    ...(notMeasured > 0 ? [`NOT MEASURED of ${countText(notMeasured, 'theft')}`] : []),
  ];
  return parts.join(', ');
}

const NOT_MEASURED = `Not measured is no improvement: either nobody would have noticed the thief, or the family went
on otherwise before, and what the thief would have done then is not known.`;

function bothMeasured({ recorded, simulated }: BacktestResult['dwellMilliseconds']): string {
  if (recorded.count + recorded.notMeasured === 0) return 'no theft is known';
  return `was: ${measuredText(recorded)}\nwould have been: ${measuredText(simulated)}`;
}

function consequencesText(result: BacktestResult): string {
  const { sessionsEnded, dwellMilliseconds, remainingAccessMilliseconds } = result;
  const judged = ({ verdict, cause }: BacktestResult['falseAlarmsAvoided']): string =>
    `${verdict + cause} (${verdict} by verdict, ${cause} by likely cause)`;
  const { none } = result.newFalseAlarms;
  const both = <Part>(
    { recorded, simulated }: { recorded: Part; simulated: Part },
    text: (part: Part) => string,
  ): string => `${text(recorded)}; would have been ${text(simulated)}`;
  const asFarAs = result.attempts.notComparable > 0 ? ', as far as it can be compared' : '';
  const { recorded, simulated } = dwellMilliseconds;
  const isUnmeasured = recorded.notMeasured + simulated.notMeasured > 0;
  const facts = factsText([
    ['False alarms avoided', judged(result.falseAlarmsAvoided)],
    ['New false alarms', `${judged(result.newFalseAlarms)}, ${none} without an incident`],
    ['Thefts missed', judged(result.theftsMissed)],
    ['Thefts only refused', judged(result.theftsStoppedOtherwise)],
    ['Thefts caught earlier', judged(result.theftsCaughtEarlier)],
    ['Unclear ends avoided', String(result.unclearKillsAvoided)],
    ['Ends not comparable', String(result.killsNotComparable)],
    ['Ended by reuse', both(sessionsEnded, ({ byReuse }) => String(byReuse)) + asFarAs],
    ['Found expired', both(sessionsEnded, ({ byExpiry }) => String(byExpiry)) + asFarAs],
    ['Thief unnoticed', bothMeasured(dwellMilliseconds)],
    ['Access left', bothMeasured(remainingAccessMilliseconds)],
  ]);
  return isUnmeasured ? `${facts}\n\n${NOT_MEASURED}` : facts;
}
