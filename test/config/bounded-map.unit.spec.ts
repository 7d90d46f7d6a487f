import { describe, expect, it } from '@jest/globals';
import { BoundedMap } from '../../src/config/bounded-map.js';

describe('a bounded map', () => {
  it('forgets the oldest entry when it is full', () => {
    const cache = new BoundedMap<string, number>(2);
    for (const [index, key] of ['a', 'b', 'a', 'c'].entries()) cache.set(key, index);
    expect(['a', 'b', 'c'].map((key) => cache.get(key))).toEqual([2, undefined, 3]);
    cache.clear();
    expect(cache.get('c')).toBeUndefined();
  });
});
