import { createHmac } from 'node:crypto';
import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import type { ProjectId } from '../../src/domain/identifiers.js';
import {
  TOKEN_LENGTH,
  TokenCodec,
  type DecodedToken,
  type TokenKind,
} from '../../src/tokens/token-codec.js';
import { DerivedMasterKeys } from '../../src/vault/master-keys.js';
import vectors from '../vectors/keys-and-tokens.json' with { type: 'json' };

const masterKeys = new DerivedMasterKeys(
  new Map(
    Object.entries(vectors.masterKeys).map(([id, key]) => [id, Buffer.from(key, 'base64url')]),
  ),
);
const codec = new TokenCodec(masterKeys);
const KINDS: readonly TokenKind[] = ['refresh', 'code', 'access', 'session'];
const token: DecodedToken = {
  kind: 'refresh',
  keyId: '1',
  epoch: 3,
  log: 2,
  id: '0192f3a4b5c67d8e8f90a1b2c3d4e5f6',
  number: 41,
};

/** The text with one bit of its 60 bytes inverted. */
function flipBit(text: string, bit: number): string {
  const bytes = Buffer.from(text.slice(4), 'base64url');
  bytes[bit >> 3]! ^= 1 << (bit & 7);
  return text.slice(0, 4) + bytes.toString('base64url');
}

/** A refresh token whose byte at `offset` (of 60) is another, under a MAC made with the right key. */
function forge(offset: number, value: number): string {
  const content = Buffer.from(codec.encode(token).slice(4), 'base64url').subarray(0, 28);
  content[offset] = value;
  const mac = createHmac('sha256', masterKeys.derive('1', 'token-ledger/v1/refresh/default')!)
    .update('tlr_')
    .update(content)
    .digest();
  return `tlr_${Buffer.concat([content, mac]).toString('base64url')}`;
}

describe('a token', () => {
  const codecs = new Map(
    ['default', 'acme'].map((project) => [
      project,
      new TokenCodec(masterKeys, project as ProjectId),
    ]),
  );

  it.each(vectors.tokens)('is the frozen text $text', ({ project, token, text }) => {
    const frozen = codecs.get(project)!;
    const facts = token as DecodedToken;
    expect(frozen.encode(facts)).toBe(text);
    expect(frozen.decode(facts.kind, text)).toEqual(facts);
  });

  it('is 84 characters of a prefix and base64url', () => {
    const texts = KINDS.map((kind) => codec.encode({ ...token, kind }));
    expect(TOKEN_LENGTH).toBe(84);
    expect(texts.map((text) => text.slice(0, 4))).toEqual(['tlr_', 'tlc_', 'tla_', 'tls_']);
    for (const text of texts) expect(text).toMatch(/^tl[rcas]_[A-Za-z0-9_-]{80}$/);
  });

  it('is read again as what it was made of, and is the same text each time', () => {
    const uint16 = fc.nat(0xffff);
    const tokens = fc.record<DecodedToken>({
      kind: fc.constantFrom(...KINDS),
      keyId: fc.constantFrom('1', '65535'),
      epoch: uint16,
      log: uint16,
      id: fc.stringMatching(/^[0-9a-f]{32}$/),
      number: fc.nat(0xffffffff),
    });
    fc.assert(
      fc.property(tokens, tokens, (one, other) => {
        const text = codec.encode(one);
        codec.encode(other);
        expect(codec.decode(one.kind, text)).toEqual(one);
        expect(codec.encode(one)).toBe(text);
      }),
    );
  });
});

describe('decoding refuses', () => {
  it('a token with any one of its 480 bits inverted', () => {
    const text = codec.encode(token);
    expect(codec.decode('refresh', flipBit(flipBit(text, 7), 7))).toEqual(token);
    const accepted = Array.from({ length: 480 }, (_, bit) => bit).filter(
      (bit) => codec.decode('refresh', flipBit(text, bit)) !== undefined,
    );
    expect(accepted).toEqual([]);
  });

  it('a token with any one character replaced by any other', () => {
    const text = codec.encode(token);
    const characters = Array.from({ length: 256 }, (_, code) => String.fromCodePoint(code));
    const accepted = characters.flatMap((character) =>
      Array.from(
        { length: TOKEN_LENGTH },
        (_, at) => text.slice(0, at) + character + text.slice(at + 1),
      )
        .filter((changed) => changed !== text)
        .filter((changed) => codec.decode('refresh', changed) !== undefined),
    );
    expect(accepted).toEqual([]);
  });

  it('a token of another kind, under whatever prefix', () => {
    for (const [made, asked] of KINDS.flatMap((made) =>
      KINDS.map((asked) => [made, asked] as const),
    )) {
      if (made === asked) continue;
      const text = codec.encode({ ...token, kind: made });
      const renamed = codec.encode({ ...token, kind: asked }).slice(0, 4) + text.slice(4);
      expect(codec.decode(asked, text)).toBeUndefined();
      expect(codec.decode(asked, renamed)).toBeUndefined();
    }
  });

  it('a token of another project', () => {
    const other = new TokenCodec(masterKeys, 'acme' as ProjectId);
    expect(other.decode('refresh', codec.encode(token))).toBeUndefined();
  });

  it('a token under a master key that is unknown or another one', () => {
    const strange = (id: string, fill: number) =>
      new TokenCodec(new DerivedMasterKeys(new Map([[id, Buffer.alloc(32, fill)]])));
    expect(
      codec.decode('refresh', strange('2', 1).encode({ ...token, keyId: '2' })),
    ).toBeUndefined();
    expect(codec.decode('refresh', strange('1', 1).encode(token))).toBeUndefined();
    expect(strange('1', 1).decode('refresh', codec.encode(token))).toBeUndefined();
  });

  it.each([
    ['version 0', 0, 0],
    ['version 2', 0, 2],
    ['the kind byte of a code', 1, 2],
    ['key id 0', 3, 0],
  ])('%s, even under a right MAC', (_what, offset, value) => {
    expect(codec.decode('refresh', forge(27, 40))).toEqual({ ...token, number: 40 });
    expect(codec.decode('refresh', forge(offset, value))).toBeUndefined();
  });

  const text = codec.encode({ ...token, number: 0xfbefbe });
  const body = text.slice(4);
  it.each<readonly [string, string]>([
    ['nothing', ''],
    ['the prefix alone', 'tlr_'],
    ['a character too few', text.slice(0, -1)],
    ['a character too many', `${text}A`],
    ['padding', `${text.slice(0, -2)}==`],
    ['padding after it', `${text}=`],
    ['a prefix in capitals', `TLR_${body}`],
    ['no prefix', body],
    ['leading white space', ` ${text}`],
    ['a line feed in place of a character', `${text.slice(0, 50)}\n${text.slice(51)}`],
    ['standard base64', `tlr_${Buffer.from(body, 'base64url').toString('base64')}`],
    ['a character beyond Latin-1 with the right low byte', `tlr_\u{141}${body.slice(1)}`],
    ['a lone surrogate', `tlr_\ud800${body.slice(1)}`],
    ['zero bytes', `tlr_${'\0'.repeat(80)}`],
    ['only one character', `tlr_${'A'.repeat(80)}`],
    ['a megabyte', `tlr_${'A'.repeat(1_000_000)}`],
  ])('%s', (_what, garbage) => {
    expect(codec.decode('refresh', text)).toBeDefined();
    expect(codec.decode('refresh', garbage)).toBeUndefined();
  });

  it('whatever else is thrown at it, without an exception', () => {
    const anyText = fc.oneof(
      fc.string({ unit: 'binary', maxLength: 100 }),
      fc.string({ unit: 'binary', minLength: 80, maxLength: 80 }).map((rest) => `tlr_${rest}`),
      fc.stringMatching(/^tlr_[A-Za-z0-9_-]{80}$/),
    );
    fc.assert(
      fc.property(anyText, (garbage) => {
        expect(codec.decode('refresh', garbage)).toBeUndefined();
      }),
    );
  });
});

describe('encoding throws a RangeError for', () => {
  it.each<readonly [string, Partial<DecodedToken>]>([
    ['an unknown key id', { keyId: '2' }],
    ['a key id that is no number', { keyId: 'x' }],
    ['a key id with a leading zero', { keyId: '01' }],
    ['a key id beyond 65535', { keyId: '65536' }],
    ['a negative epoch', { epoch: -1 }],
    ['an epoch beyond 65535', { epoch: 65_536 }],
    ['a log beyond 65535', { log: 65_536 }],
    ['a fraction', { number: 0.5 }],
    ['a number beyond 4294967295', { number: 2 ** 32 }],
    ['no number', { number: Number.NaN }],
    ['a short id', { id: token.id.slice(1) }],
    ['an id in capitals', { id: token.id.toUpperCase() }],
    ['an id with hyphens', { id: '0192f3a4-b5c6-7d8e-8f90-a1b2c3d4e5f6' }],
    ['an id with a line feed', { id: `${token.id}\n` }],
  ])('%s', (_what, change) => {
    const derive = (keyId: string) => knownKey(keyId);
    const keys = { activeKeyId: '1', keyIds: ['1'], derive } as const;
    expect(() => new TokenCodec(keys).encode({ ...token, ...change })).toThrow(RangeError);
    expect(new TokenCodec(keys).encode(token)).toHaveLength(TOKEN_LENGTH);
  });
});

function knownKey(keyId: string): Buffer | undefined {
  return keyId === '2' ? undefined : Buffer.alloc(32, 7);
}
