import { describe, expect, it } from '@jest/globals';
import { POSITIONS_MAX, Tally } from '../../../src/domain/investigation/tally.rules.js';

describe('a tally', () => {
  it('counts all, and tells where the first of them stand', () => {
    const tally = new Tally();
    const positions = Array.from({ length: POSITIONS_MAX + 2 }, (_, index) => 5 + index);
    for (const position of positions) tally.add({ position });
    expect(tally.count).toBe(POSITIONS_MAX + 2);
    expect(tally.positions).toEqual(positions.slice(0, POSITIONS_MAX));
  });
});
