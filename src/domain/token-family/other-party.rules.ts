import type { Origin } from '../envelope.js';

/**
 * Whether two origins look like two parties: another network and another agent. One alone is how a
 * phone changes from wireless to mobile, or a program is updated.
 */
export function isOtherParty(one: Origin, other: Origin): boolean {
  return one.userAgent !== other.userAgent && networkOf(one.address) !== networkOf(other.address);
}

/** The /24 of an IPv4 address, the /48 of an IPv6 address; anything else is its own network. */
export function networkOf(address: string): string {
  const mapped = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i.exec(address)?.[1] ?? address;
  const octets = mapped.split('.');
  if (octets.length === 4) return octets.slice(0, 3).join('.');
  if (!address.includes(':')) return address;
  const [head, tail] = address.toLowerCase().split('::') as [string, string?];
  const groups = head === '' ? [] : head.split(':');
  const missing =
    tail === undefined ? 0 : 8 - groups.length - (tail === '' ? 0 : tail.split(':').length);
  const all = [
    ...groups,
    ...Array<string>(Math.max(0, missing)).fill('0'),
    ...(tail ?? '').split(':'),
  ];
  return all
    .slice(0, 3)
    .map((group) => group.replace(/^0+(?=.)/, ''))
    .join(':');
}
