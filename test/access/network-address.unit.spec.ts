import { describe, expect, it } from '@jest/globals';
import { addressGroup, canonicalAddress } from '../../src/access/network-address.js';

describe('an address counts', () => {
  it.each([
    ['by itself, in IPv4', '192.0.2.7', '192.0.2.7'],
    ['as IPv4, in IPv6', '::ffff:192.0.2.7', '192.0.2.7'],
    ['as IPv4, in IPv6 in capitals', '::FFFF:192.0.2.7', '192.0.2.7'],
    ['by its first 64 bits, in IPv6', '2001:db8:1:2:3:4:5:6', '2001:db8:1:2::/64'],
    ['with zeros left out at the end', '2001:db8::1', '2001:db8:0:0::/64'],
    ['with zeros left out within', '2001:db8:0:2::6', '2001:db8:0:2::/64'],
    ['with zeros left out at the start', '::1', '0:0:0:0::/64'],
    ['with leading zeros of groups', '2001:0db8:0001:0002::', '2001:db8:1:2::/64'],
    ['without its zone', 'fe80::1%eth0', 'fe80:0:0:0::/64'],
    ['with IPv4 at its end', '64:ff9b::192.0.2.7', '64:ff9b:0:0::/64'],
    ['as it is, when it is none', 'unix:/run/server.sock', 'unix:/run/server.sock'],
    ['as it is, when it is empty', '', ''],
  ])('%s', (_how, address, group) => {
    expect(addressGroup(address)).toBe(group);
  });
});

describe('an address is written', () => {
  it.each([
    ['as it is, in IPv4', '192.0.2.7', '192.0.2.7'],
    ['as IPv4, in IPv6', '::ffff:192.0.2.7', '192.0.2.7'],
    ['as IPv4, in IPv6 in hexadecimal capitals', '::FFFF:C000:0207', '192.0.2.7'],
    ['as IPv4, in IPv6 at full length', '0:0:0:0:0:ffff:c000:207', '192.0.2.7'],
    ['in lower case', '2001:DB8::A', '2001:db8::a'],
    ['compressed', '2001:0db8:0000:0000:0000:0000:0000:000a', '2001:db8::a'],
    ['without its zone', 'fe80::1%eth0', 'fe80::1'],
    ['as it is, when it is none', 'unix:/run/100%.sock', 'unix:/run/100%.sock'],
    ['as it is, when it is empty', '', ''],
  ])('%s', (_how, address, written) => {
    expect(canonicalAddress(address)).toBe(written);
  });
});
