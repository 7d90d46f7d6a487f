import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { encodeEntryBundle, parseEntryBundle } from '../../src/tlog/entry-bundle.js';
import vectors from '../vectors/tiles.json' with { type: 'json' };

const hexOf = (entries: readonly Buffer[] | undefined): string[] | null =>
  entries?.map((entry) => entry.toString('hex')) ?? null;

describe('an entry bundle', () => {
  it.each(vectors.bundleBytes)('is read as published: $says', ({ bytes, entries }) => {
    const bundle = Buffer.from(bytes, 'hex');
    expect(hexOf(parseEntryBundle(bundle, entries?.length ?? 1))).toEqual(entries);
    if (entries !== null) {
      const written = encodeEntryBundle(entries.map((entry) => Buffer.from(entry, 'hex')));
      expect(written.toString('hex')).toBe(bytes);
    }
  });

  it('has the length of each entry in bytes, not in characters, before it', () => {
    expect(encodeEntryBundle(['aé', new Uint8Array([1])]).toString('hex')).toBe('000361c3a9000101');
  });

  it('is read again as what it was made of', () => {
    const entries = fc.array(fc.uint8Array({ maxLength: 600 }), { minLength: 1, maxLength: 256 });
    fc.assert(
      fc.property(entries, (entries) => {
        const bundle = encodeEntryBundle(entries);
        const read = parseEntryBundle(bundle, entries.length);
        expect(hexOf(read)).toEqual(entries.map((entry) => Buffer.from(entry).toString('hex')));
        expect(parseEntryBundle(bundle, entries.length - 1)).toBeUndefined();
        expect(parseEntryBundle(bundle, entries.length + 1)).toBeUndefined();
        expect(parseEntryBundle(bundle.subarray(0, -1), entries.length)).toBeUndefined();
        expect(
          parseEntryBundle(Buffer.concat([bundle, Buffer.of(0)]), entries.length),
        ).toBeUndefined();
      }),
    );
  });

  it('is read from a view at any place of a larger buffer', () => {
    const bundle = encodeEntryBundle(['a', 'b']);
    const shifted = new Uint8Array(bundle.length + 7).fill(0xff);
    shifted.set(bundle, 3);
    const read = parseEntryBundle(shifted.subarray(3, 3 + bundle.length), 2);
    expect(hexOf(read)).toEqual(['61', '62']);
  });

  it('is refused, or is exactly what is written for it, whatever the bytes', () => {
    const bytes = fc.oneof(
      fc.uint8Array({ maxLength: 40 }),
      fc
        .array(fc.constantFrom(0, 1, 2, 3, 255), { maxLength: 40 })
        .map((each) => Buffer.from(each)),
    );
    fc.assert(
      fc.property(bytes, fc.integer({ min: -1, max: 300 }), (bytes, width) => {
        const entries = parseEntryBundle(bytes, width);
        if (entries === undefined) return;
        expect(entries).toHaveLength(width);
        expect(Buffer.compare(encodeEntryBundle(entries), bytes)).toBe(0);
      }),
      { numRuns: 2000 },
    );
  });

  it('holds 1 to 256 entries', () => {
    const many = Array.from({ length: 257 }, () => '');
    expect(parseEntryBundle(encodeEntryBundle(many.slice(1)), 256)).toHaveLength(256);
    expect(() => encodeEntryBundle(many)).toThrow(RangeError);
    expect(() => encodeEntryBundle([])).toThrow(RangeError);
    expect(parseEntryBundle(Buffer.alloc(2 * 257), 257)).toBeUndefined();
    expect(parseEntryBundle(Buffer.alloc(0), 0)).toBeUndefined();
  });

  it('holds entries of up to 65,535 bytes', () => {
    const longest = Buffer.alloc(0xffff, 1);
    expect(parseEntryBundle(encodeEntryBundle([longest]), 1)![0]!.equals(longest)).toBe(true);
    expect(() => encodeEntryBundle([Buffer.alloc(0x10000)])).toThrow(RangeError);
    expect(() => encodeEntryBundle(['é'.repeat(0x8000)])).toThrow(RangeError);
  });
});
