import { describe, expect, it } from '@jest/globals';
import { addressRangeOf, inAddressRange } from '../../src/admin/address-range.js';

describe('a range of addresses', () => {
  it.each([
    ['192.0.2.0/24', '192.0.2.0/24'],
    ['192.0.2.7', '192.0.2.7/32'],
    ['2001:DB8::/32', '2001:db8::/32'],
    ['::1', '::1/128'],
    ['0.0.0.0/0', '0.0.0.0/0'],
  ])('is read: %s', (text, range) => {
    expect(addressRangeOf(text)).toBe(range);
  });

  it.each(['', '192.0.2.0/33', '::/129', '192.0.2/24', '192.0.2.0/', 'localhost', '1.2.3.4/2/2'])(
    'is none: %s',
    (text) => {
      expect(addressRangeOf(text)).toBeUndefined();
      expect(() => inAddressRange(text)).toThrow(RangeError);
    },
  );

  it.each([
    ['192.0.2.0/24', '192.0.2.255', true],
    ['192.0.2.0/24', '::ffff:192.0.2.1', true],
    ['192.0.2.0/24', '192.0.3.0', false],
    ['192.0.2.0/24', 'unknown', false],
    ['192.0.2.7/32', '192.0.2.7', true],
    ['192.0.2.7/32', '192.0.2.6', false],
    ['2001:db8::/32', '2001:db8:1::9', true],
    ['2001:db8::/32', '2001:db9::', false],
    ['2001:db8::/32', '', false],
  ])('%s has %s: %s', (range, address, isInside) => {
    expect(inAddressRange(range)(address)).toBe(isInside);
  });
});
