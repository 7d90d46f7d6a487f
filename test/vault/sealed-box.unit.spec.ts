import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { DerivedMasterKeys } from '../../src/vault/master-keys.js';
import { boxKeyId, SealedBox } from '../../src/vault/sealed-box.js';
import vectors from '../vectors/keys-and-tokens.json' with { type: 'json' };

const frozenKeys = new DerivedMasterKeys(
  new Map(
    Object.entries(vectors.masterKeys).map(([id, key]) => [id, Buffer.from(key, 'base64url')]),
  ),
);
const box = new SealedBox(frozenKeys, 'token-ledger/v1/vault');

describe('a sealed box', () => {
  it.each(vectors.boxes)('of the frozen vectors opens: $context', (vector) => {
    const opened = new SealedBox(frozenKeys, vector.purpose).open(
      Buffer.from(vector.box, 'hex'),
      vector.context,
    );
    expect(opened?.toString()).toBe(vector.content);
  });

  it('gives back what was sealed, 31 bytes longer and never the same twice', () => {
    fc.assert(
      fc.property(fc.uint8Array(), fc.string(), (content, context) => {
        const [one, other] = [box.seal(content, context), box.seal(content, context)];
        expect(one).toHaveLength(content.length + 31);
        expect(one.equals(other)).toBe(false);
        expect(box.open(one, context)).toEqual(Buffer.from(content));
      }),
    );
  });

  it('is sealed under the active key and says so', () => {
    expect(boxKeyId(box.seal(Buffer.from('a'), 'c'))).toBe('65535');
    expect(boxKeyId(Buffer.alloc(0))).toBeUndefined();
    expect(boxKeyId(Buffer.alloc(31))).toBeUndefined();
  });

  it('opens in no other context, for no other purpose and under no other key', () => {
    const sealed = box.seal(Buffer.from('a'), 'profiles/u_1');
    expect(box.open(sealed, 'profiles/u_1')?.toString()).toBe('a');
    expect(box.open(sealed, 'profiles/u_2')).toBeUndefined();
    expect(new SealedBox(frozenKeys, 'x').open(sealed, 'profiles/u_1')).toBeUndefined();
    for (const keyId of ['1', '65535']) {
      const strange = new DerivedMasterKeys(new Map([[keyId, Buffer.alloc(32, 9)]]));
      const other = new SealedBox(strange, 'token-ledger/v1/vault');
      expect(other.open(sealed, 'profiles/u_1')).toBeUndefined();
    }
  });

  it('is refused with any one bit inverted, and at any other length', () => {
    const sealed = box.seal(Buffer.from('secret'), 'c');
    const accepted = Array.from({ length: sealed.length * 8 }, (_, bit) => bit).filter((bit) => {
      const changed = Buffer.from(sealed);
      changed[bit >> 3]! ^= 1 << (bit & 7);
      return box.open(changed, 'c') !== undefined;
    });
    expect(accepted).toEqual([]);
    for (let length = 0; length < sealed.length; length += 1) {
      expect(box.open(sealed.subarray(0, length), 'c')).toBeUndefined();
    }
    expect(box.open(Buffer.concat([sealed, Buffer.alloc(1)]), 'c')).toBeUndefined();
  });

  it('is not made without the active key', () => {
    const keys = { activeKeyId: '1', keyIds: ['1'], derive: () => undefined } as const;
    expect(() => new SealedBox(keys, 'x').seal(Buffer.alloc(1), 'c')).toThrow(RangeError);
  });
});
