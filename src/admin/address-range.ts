import { isIP, isIPv4 } from 'node:net';
import { addressBits, canonicalAddress } from '../access/network-address.js';

const RANGE = /^([0-9a-f.:]{2,45})(?:\/(\d{1,3}))?$/;
/** How many bits the prefix of IPv4 in IPv6 has (RFC 4291, 2.5.5.2). */
const MAPPED_BITS = 96;

/** Why a text is no range of addresses. */
export type AddressRangeRefusal = 'not_a_range' | 'not_at_its_start';

/** What a range has to be, for whoever gave none. */
export const addressRangeWords: Readonly<Record<AddressRangeRefusal, string>> = {
  not_a_range: 'must be an IP address or a range like 192.0.2.0/24',
  not_at_its_start: 'must begin with the first address of the range: 10.0.0.0/8, not 10.1.2.3/8',
};

interface AddressRange {
  readonly address: string;
  readonly prefix: number;
}

/**
 * A range of addresses as it is compared, `192.0.2.0/24` (RFC 4632, 3.1; RFC 4291, 2.3): its address is
 * written as every address is here, so that a range of IPv4 in IPv6 is one of IPv4. An address alone is
 * the range that has only itself. A prefix that is shorter than its address says is refused and not
 * widened: too much would be revoked for a slip.
 */
export function addressRangeOf(
  text: string,
): { readonly range: string } | { readonly refusal: AddressRangeRefusal } {
  const found = parsed(text);
  if (found === undefined) return { refusal: 'not_a_range' };
  const { address, prefix } = found;
  if (addressBits(address).slice(prefix).includes('1')) return { refusal: 'not_at_its_start' };
  return { range: `${address}/${prefix}` };
}

/** Says whether addresses lie in a range; what is no address lies in none, and IPv4 in none of IPv6. */
export function inAddressRange(text: string): (address: string) => boolean {
  const range = parsed(text);
  if (range === undefined) throw new RangeError('not a range of addresses');
  const version = isIP(range.address);
  const begin = addressBits(range.address).slice(0, range.prefix);
  return (given) => {
    const address = canonicalAddress(given);
    return isIP(address) === version && addressBits(address).startsWith(begin);
  };
}

function parsed(text: string): AddressRange | undefined {
  const [, given = '', digits] = RANGE.exec(text.toLowerCase()) ?? [];
  if (isIP(given) === 0) return undefined;
  const bits = isIPv4(given) ? 32 : 128;
  const prefix = digits === undefined ? bits : Number(digits);
  if (prefix > bits) return undefined;
  const address = canonicalAddress(given);
  if (isIPv4(address) === isIPv4(given)) return { address, prefix };
  // A shorter prefix is one of IPv6, in which the address is not the first.
  if (prefix < MAPPED_BITS) return { address: given, prefix };
  return { address, prefix: prefix - MAPPED_BITS };
}
