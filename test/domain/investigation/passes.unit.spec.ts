import { describe, expect, it } from '@jest/globals';
import { answerFrom, bothOf, type Passes } from '../../../src/domain/investigation/passes.rules.js';
import { familyAt } from '../../support/domain-family-events.js';
import { HOME, told } from './told-families.js';

const { events } = told(HOME, ...familyAt(3));

/** Counts what it is shown, over so many passes. */
function* shown(passes: number): Passes<readonly number[]> {
  const counts: number[] = [];
  for (let pass = 0; pass < passes; pass += 1) {
    let count = 0;
    yield () => {
      count += 1;
    };
    counts.push(count);
  }
  return counts;
}

describe('a question that is answered in passes', () => {
  it('is shown every event in each pass', () => {
    expect(answerFrom(shown(0), events)).toEqual([]);
    expect(answerFrom(shown(2), events)).toEqual([5, 5]);
  });

  it.each([
    [1, 3],
    [3, 1],
    [2, 2],
    [0, 1],
  ])('shares its passes with another: %i and %i', (one, other) => {
    let passes = 0;
    const both = bothOf(shown(one), shown(other));
    const counted = (function* (): Passes<readonly [readonly number[], readonly number[]]> {
      for (;;) {
        const step = both.next();
        if (step.done === true) return step.value;
        passes += 1;
        yield step.value;
      }
    })();
    expect(answerFrom(counted, events)).toEqual([
      Array<number>(one).fill(5),
      Array<number>(other).fill(5),
    ]);
    expect(passes).toBe(Math.max(one, other));
  });
});
