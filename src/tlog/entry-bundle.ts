import { TILE_WIDTH } from './tiles.js';

/** The longest entry in bytes that a bundle can hold: its length is written as 16 bits. */
export const ENTRY_BYTES_MAX = 0xffff;

const LENGTH_BYTES = 2;

/**
 * Writes 1 to 256 entries as a bundle: each after its length in bytes as a big-endian uint16 (C2SP
 * tlog-tiles, "Log entries"). A text is written as UTF-8, the bytes that `leafHash` hashes. What
 * entries say may be attacker-controlled. Throws a RangeError for another number of entries, and
 * for one longer than 65,535 bytes.
 */
export function encodeEntryBundle(entries: readonly (string | Uint8Array)[]): Buffer {
  if (!isBundleWidth(entries.length)) {
    throw new RangeError(`a bundle must have 1 to ${TILE_WIDTH} entries`);
  }
  return Buffer.concat(entries.flatMap((entry) => lengthPrefixed(Buffer.from(entry))));
}

/**
 * The entries of a bundle of this width, as views of its bytes; undefined unless the bundle is
 * exactly so many entries. The bytes are attacker-controlled, and so are the entries until their
 * leaf hashes are found in a tree: nothing is thrown, and nothing grows with what a length claims.
 */
export function parseEntryBundle(bundle: Uint8Array, width: number): Buffer[] | undefined {
  if (!isBundleWidth(width)) return undefined;
  const bytes = Buffer.from(bundle.buffer, bundle.byteOffset, bundle.length);
  const entries: Buffer[] = [];
  let at = 0;
  while (entries.length < width) {
    if (at + LENGTH_BYTES > bytes.length) return undefined;
    const start = at + LENGTH_BYTES;
    at = start + bytes.readUInt16BE(at);
    if (at > bytes.length) return undefined;
    entries.push(bytes.subarray(start, at));
  }
  return at === bytes.length ? entries : undefined;
}

function lengthPrefixed(entry: Buffer): Buffer[] {
  if (entry.length > ENTRY_BYTES_MAX) {
    throw new RangeError(`an entry must have at most ${ENTRY_BYTES_MAX} bytes`);
  }
  const length = Buffer.alloc(LENGTH_BYTES);
  length.writeUInt16BE(entry.length);
  return [length, entry];
}

function isBundleWidth(count: number): boolean {
  return count >= 1 && count <= TILE_WIDTH;
}
