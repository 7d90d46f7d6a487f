import { describe, expect, it } from '@jest/globals';
import { BoundedCache } from '../../src/vault/bounded-cache.js';

describe('a bounded cache', () => {
  it('forgets the oldest entry when it is full', () => {
    const cache = new BoundedCache<number>(2);
    for (const [index, key] of ['a', 'b', 'a', 'c'].entries()) cache.set(key, index);
    expect(['a', 'b', 'c'].map((key) => cache.get(key))).toEqual([undefined, 1, 3]);
  });
});
