import { BlockList, isIP } from 'node:net';

const RANGE = /^([0-9a-f.:]{2,45})(?:\/(\d{1,3}))?$/;

interface ParsedRange {
  readonly address: string;
  readonly prefix: number;
  readonly family: 'ipv4' | 'ipv6';
}

/**
 * A range of addresses as it is compared, `192.0.2.0/24` (RFC 4632, 3.1; RFC 4291, 2.3); undefined for
 * any other text. An address alone is the range that has only itself.
 */
export function addressRangeOf(text: string): string | undefined {
  const range = parsed(text);
  return range && `${range.address}/${range.prefix}`;
}

/** Says whether addresses lie in a range; what is no address lies in none. */
export function inAddressRange(text: string): (address: string) => boolean {
  const range = parsed(text);
  if (range === undefined) throw new RangeError('not a range of addresses');
  const list = new BlockList();
  list.addSubnet(range.address, range.prefix, range.family);
  return (address) => {
    const version = isIP(address);
    return version !== 0 && list.check(address, version === 4 ? 'ipv4' : 'ipv6');
  };
}

function parsed(text: string): ParsedRange | undefined {
  const [, address = '', digits] = RANGE.exec(text.toLowerCase()) ?? [];
  const version = isIP(address);
  if (version === 0) return undefined;
  const bits = version === 4 ? 32 : 128;
  const prefix = digits === undefined ? bits : Number(digits);
  if (prefix > bits) return undefined;
  return { address, prefix, family: version === 4 ? 'ipv4' : 'ipv6' };
}
