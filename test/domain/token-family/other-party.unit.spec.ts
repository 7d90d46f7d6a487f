import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { isOtherParty, networkOf } from '../../../src/domain/token-family/other-party.rules.js';

const origin = (address: string, userAgent: string) => ({
  address,
  userAgent,
  requestId: 'request-1',
});

describe('another party', () => {
  const home = origin('192.0.2.10', 'PhotoApp/1.0');

  it.each([
    [true, 'has another network and another agent', origin('198.51.100.7', 'curl/8.9')],
    [
      false,
      'is not one that only moved to another network',
      origin('198.51.100.7', 'PhotoApp/1.0'),
    ],
    [false, 'is not one whose program was updated', origin('192.0.2.10', 'PhotoApp/1.1')],
    [false, 'is not a neighbour in the same network', origin('192.0.2.250', 'curl/8.9')],
    [false, 'is not the same one again', home],
  ])('%s: it %s', (isOther, _what, one) => {
    expect(isOtherParty(home, one)).toBe(isOther);
    expect(isOtherParty(one, home)).toBe(isOther);
  });
});

describe('the network of an address', () => {
  it.each([
    ['is the /24 of IPv4', '192.0.2.10', '192.0.2'],
    ['is the same for IPv4 that is mapped into IPv6', '::ffff:192.0.2.10', '192.0.2'],
    ['is the same in other letters', '::FFFF:192.0.2.10', '192.0.2'],
    ['is the /48 of IPv6', '2001:db8:1:2:3:4:5:6', '2001:db8:1'],
    ['is the same in other letters and with leading zeros', '2001:0DB8:0001::6', '2001:db8:1'],
    ['fills in the zeros that are left out', '2001:db8::1', '2001:db8:0'],
    ['fills them in at the beginning', '::1', '0:0:0'],
    ['fills them in at the end', 'fe80::', 'fe80:0:0'],
    ['fills them in everywhere', '::', '0:0:0'],
    ['fills in a single one', '2001::3:4:5:6:7:8', '2001:0:3'],
    ['is what is no address', 'unix-socket', 'unix-socket'],
  ])('%s', (_what, address, network) => {
    expect(networkOf(address)).toBe(network);
  });

  const anyGroups = fc.array(fc.oneof(fc.constant(0), fc.integer({ min: 0, max: 0xffff })), {
    minLength: 8,
    maxLength: 8,
  });

  it('is the same however the address is written', () => {
    fc.assert(
      fc.property(anyGroups, (groups) => {
        const hexadecimal = groups.map((group) => group.toString(16));
        const padded = hexadecimal.map((group) => group.padStart(4, '0').toUpperCase());
        const { hostname } = new URL(`http://[${hexadecimal.join(':')}]`);
        const network = hexadecimal.slice(0, 3).join(':');
        expect(networkOf(hexadecimal.join(':'))).toBe(network);
        expect(networkOf(padded.join(':'))).toBe(network);
        expect(networkOf(hostname.slice(1, -1))).toBe(network);
      }),
    );
  });
});
