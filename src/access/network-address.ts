import { isIPv6, SocketAddress } from 'node:net';

/**
 * The one way in which an address is written here: IPv6 in lower case and compressed (RFC 5952), IPv4 in
 * IPv6 as IPv4, and no zone. What is no address stays as it is.
 */
export function canonicalAddress(address: string): string {
  // IPv4, nearly always: what has no colon is no IPv6.
  if (!address.includes(':')) return address;
  const plain = address.replace(/%.*$/, '');
  if (!isIPv6(plain)) return address;
  const compressed = new SocketAddress({ address: plain, family: 'ipv6' }).address;
  return /^::ffff:([\d.]+)$/.exec(compressed)?.[1] ?? compressed;
}

/**
 * What an address counts as for limits: an IPv4 address by itself, an IPv6 address by its /64, as one
 * household has that many. IPv4 in IPv6 counts as IPv4; what is no address as itself.
 */
export function addressGroup(address: string): string {
  const plain = canonicalAddress(address);
  if (!isIPv6(plain)) return plain;
  const groups = allGroupsOf(plain).slice(0, 4);
  return `${groups.map((group) => group.toString(16)).join(':')}::/64`;
}

/** The binary digits of an address as it is written here: 32 of IPv4, 128 of IPv6. */
export function addressBits(address: string): string {
  const groups = isIPv6(address) ? allGroupsOf(address) : groupsOf(address);
  return groups.map((group) => group.toString(2).padStart(16, '0')).join('');
}

function allGroupsOf(address: string): number[] {
  const [head = '', tail] = address.split('::');
  const leading = groupsOf(head);
  const trailing = tail === undefined ? [] : groupsOf(tail);
  const zeros = Array.from({ length: 8 - leading.length - trailing.length }, () => 0);
  return [...leading, ...zeros, ...trailing];
}

function groupsOf(text: string): number[] {
  if (text === '') return [];
  return text.split(':').flatMap((group) => {
    if (!group.includes('.')) return [Number.parseInt(group, 16)];
    const [a = 0, b = 0, c = 0, d = 0] = group.split('.').map(Number);
    return [a * 256 + b, c * 256 + d];
  });
}
