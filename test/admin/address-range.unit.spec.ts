import { describe, expect, it } from '@jest/globals';
import { addressRangeOf, inAddressRange } from '../../src/admin/address-range.js';

describe('a range of addresses', () => {
  it.each([
    ['192.0.2.0/24', '192.0.2.0/24'],
    ['192.0.2.7', '192.0.2.7/32'],
    ['2001:DB8::/32', '2001:db8::/32'],
    ['::1', '::1/128'],
    ['0.0.0.0/0', '0.0.0.0/0'],
    ['::/0', '::/0'],
    ['10.0.0.0/08', '10.0.0.0/8'],
    ['2001:0db8:0000::/32', '2001:db8::/32'],
    ['2001:db8:0:0:8000::/65', '2001:db8:0:0:8000::/65'],
    ['::ffff:192.0.2.7', '192.0.2.7/32'],
    ['::ffff:10.0.0.0/104', '10.0.0.0/8'],
    ['::FFFF:0a00:0000/104', '10.0.0.0/8'],
    ['0:0:0:0:0:ffff:0:0/96', '0.0.0.0/0'],
  ])('is read: %s', (text, range) => {
    expect(addressRangeOf(text)).toEqual({ range });
  });

  it.each(['', '192.0.2.0/33', '::/129', '192.0.2/24', '192.0.2.0/', 'localhost', '1.2.3.4/2/2'])(
    'is none: %s',
    (text) => {
      expect(addressRangeOf(text)).toEqual({ refusal: 'not_a_range' });
      expect(() => inAddressRange(text)).toThrow(RangeError);
    },
  );

  it.each([
    '10.1.2.3/8',
    '192.0.2.1/31',
    '0.0.0.1/0',
    '2001:db8::1/32',
    '2001:db8:0:0:8000::/64',
    '::1/0',
    '::ffff:10.1.2.3/104',
    '::ffff:10.0.0.0/95',
  ])('is refused, as its address is not the first one: %s', (text) => {
    expect(addressRangeOf(text)).toEqual({ refusal: 'not_at_its_start' });
  });

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
    ['::ffff:10.0.0.0/104', '10.9.9.9', true],
    ['::ffff:10.0.0.0/104', '11.0.0.0', false],
    ['2001:DB8::/32', '2001:db8:1::9', true],
    ['2001:db8:0:0:8000::/65', '2001:db8:0:0:8000::', true],
    ['2001:db8:0:0:8000::/65', '2001:db8:0:0:7fff::', false],
    ['0.0.0.0/0', '192.0.2.7', true],
    ['0.0.0.0/0', '2001:db8::1', false],
    ['::/0', '2001:db8::1', true],
    ['::/0', '192.0.2.7', false],
  ])('%s has %s: %s', (range, address, isInside) => {
    expect(inAddressRange(range)(address)).toBe(isInside);
  });
});
