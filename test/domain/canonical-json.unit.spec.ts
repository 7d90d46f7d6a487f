import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { canonicalJson, type JsonValue } from '../../src/domain/canonical-json.js';

/** A double by its bits, as RFC 8785 writes its samples. */
function double(hexadecimal: string): number {
  const view = new DataView(new ArrayBuffer(8));
  view.setBigUint64(0, BigInt(`0x${hexadecimal}`));
  return view.getFloat64(0);
}

const parse = (text: string): JsonValue => JSON.parse(text) as JsonValue;

describe('the vectors of RFC 8785', () => {
  // RFC 8785, 3.2.2: the sample; 3.2.4: its canonical form, published as bytes.
  it('writes the sample of section 3.2.2 as the bytes of section 3.2.4', () => {
    const sample = String.raw`{
      "numbers": [333333333.33333329, 1E30, 4.50, 2e-3, 0.000000000000000000000000001],
      "string": "\u20ac$\u000F\u000aA'\u0042\u0022\u005c\\\"\/",
      "literals": [null, true, false]
    }`;
    const bytes = `
      7b 22 6c 69 74 65 72 61 6c 73 22 3a 5b 6e 75 6c 6c 2c 74 72
      75 65 2c 66 61 6c 73 65 5d 2c 22 6e 75 6d 62 65 72 73 22 3a
      5b 33 33 33 33 33 33 33 33 33 2e 33 33 33 33 33 33 33 2c 31
      65 2b 33 30 2c 34 2e 35 2c 30 2e 30 30 32 2c 31 65 2d 32 37
      5d 2c 22 73 74 72 69 6e 67 22 3a 22 e2 82 ac 24 5c 75 30 30
      30 66 5c 6e 41 27 42 5c 22 5c 5c 5c 5c 5c 22 2f 22 7d`;
    expect(Buffer.from(canonicalJson(parse(sample))).toString('hex')).toBe(
      bytes.replace(/\s/g, ''),
    );
  });

  // RFC 8785, 3.2.3: names sort by UTF-16 code units, so the emoji (d83d de00) precedes U+FB33.
  it('sorts the names of section 3.2.3 by UTF-16 code units', () => {
    const sample = parse(String.raw`{
      "\u20ac": "Euro Sign",
      "\r": "Carriage Return",
      "\ufb33": "Hebrew Letter Dalet With Dagesh",
      "1": "One",
      "\ud83d\ude00": "Emoji: Grinning Face",
      "\u0080": "Control",
      "\u00f6": "Latin Small Letter O With Diaeresis"
    }`);
    expect(canonicalJson(sample)).toBe(
      '{"\\r":"Carriage Return","1":"One","\u0080":"Control",' +
        '"\u00f6":"Latin Small Letter O With Diaeresis","\u20ac":"Euro Sign",' +
        '"\ud83d\ude00":"Emoji: Grinning Face","\ufb33":"Hebrew Letter Dalet With Dagesh"}',
    );
  });

  // RFC 8785, appendix B.
  it.each([
    ['0000000000000000', '0'],
    ['8000000000000000', '0'],
    ['0000000000000001', '5e-324'],
    ['8000000000000001', '-5e-324'],
    ['7fefffffffffffff', '1.7976931348623157e+308'],
    ['ffefffffffffffff', '-1.7976931348623157e+308'],
    ['4340000000000000', '9007199254740992'],
    ['c340000000000000', '-9007199254740992'],
    ['4430000000000000', '295147905179352830000'],
    ['44b52d02c7e14af5', '9.999999999999997e+22'],
    ['44b52d02c7e14af6', '1e+23'],
    ['44b52d02c7e14af7', '1.0000000000000001e+23'],
    ['444b1ae4d6e2ef4e', '999999999999999700000'],
    ['444b1ae4d6e2ef4f', '999999999999999900000'],
    ['444b1ae4d6e2ef50', '1e+21'],
    ['3eb0c6f7a0b5ed8c', '9.999999999999997e-7'],
    ['3eb0c6f7a0b5ed8d', '0.000001'],
    ['41b3de4355555553', '333333333.3333332'],
    ['41b3de4355555554', '333333333.33333325'],
    ['41b3de4355555555', '333333333.3333333'],
    ['41b3de4355555556', '333333333.3333334'],
    ['41b3de4355555557', '333333333.33333343'],
    ['becbf647612f3696', '-0.0000033333333333333333'],
    ['43143ff3c1cb0959', '1424953923781206.2'],
  ])('writes the number %s of appendix B as %s', (bits, text) => {
    expect(canonicalJson(double(bits))).toBe(text);
  });

  // RFC 8785, appendix B: "NaN (error)", "Infinity (error)".
  it.each(['7fffffffffffffff', '7ff0000000000000', 'fff0000000000000'])(
    'refuses the number %s of appendix B',
    (bits) => {
      expect(() => canonicalJson(double(bits))).toThrow(TypeError);
    },
  );

  // RFC 8785, 3.2.2.2: which control characters have a short escape.
  it('escapes what section 3.2.2.2 says, and nothing else', () => {
    const controls = Array.from({ length: 32 }, (_, code) => String.fromCharCode(code)).join('');
    const escaped = [
      String.raw`\u0000\u0001\u0002\u0003\u0004\u0005\u0006\u0007\b\t\n\u000b\f\r\u000e\u000f`,
      String.raw`\u0010\u0011\u0012\u0013\u0014\u0015\u0016\u0017\u0018\u0019\u001a\u001b\u001c\u001d`,
      String.raw`\u001e\u001f\"\\`,
    ].join('');
    expect(canonicalJson(`${controls}"\\/\u007f\u2028`)).toBe(`"${escaped}/\u007f\u2028"`);
  });

  // RFC 8785, 3.1: strings are kept as they are, without Unicode normalization.
  it('does not normalize', () => {
    expect(canonicalJson('A\u030a')).toBe('"A\u030a"');
  });
});

describe('what has no canonical form', () => {
  // RFC 8785, 3.2.2.2: a lone surrogate must cause an error.
  it.each<readonly [string, unknown]>([
    ['a lone leading surrogate', '\ud83d'],
    ['a lone trailing surrogate', 'a\ude00'],
    ['surrogates in the wrong order', '\ude00\ud83d'],
    ['a name with a lone surrogate', { '\ud83d': 1 }],
    ['undefined', undefined],
    ['undefined in an array', [1, undefined]],
    ['a hole in an array', Array<unknown>(1)],
    ['NaN', Number.NaN],
    ['an infinity deep inside', { a: [{ b: -Infinity }] }],
    ['a bigint', 1n],
    ['a symbol', Symbol('a')],
    ['a function', () => 1],
    ['a member that is a function', { toJSON: () => 1 }],
  ])('is refused: %s', (_what, value) => {
    expect(() => canonicalJson(value as JsonValue)).toThrow(TypeError);
  });
});

describe('canonical JSON', () => {
  it.each<readonly [string, JsonValue]>([
    ['{}', {}],
    ['[]', []],
    ['null', null],
    ['[[],{}]', [[], {}]],
    ['""', ''],
    ['{"":""}', { '': '' }],
    ['{"a":1}', { b: undefined, a: 1, c: undefined }],
    ['{"10":1,"2":2,"A":3,"a":4}', { a: 4, A: 3, 2: 2, 10: 1 }],
    ['{"__proto__":1,"a":2}', parse('{"a":2,"__proto__":1}')],
  ])('is %s', (text, value) => {
    expect(canonicalJson(value)).toBe(text);
  });

  const anyValue = fc.jsonValue({ stringUnit: 'binary' }) as fc.Arbitrary<JsonValue>;

  it('reads back as the same value', () => {
    fc.assert(
      fc.property(anyValue, (value) => {
        expect(parse(canonicalJson(value))).toEqual(parse(JSON.stringify(value)));
      }),
    );
  });

  it('is canonical already: writing what was read gives the same bytes', () => {
    fc.assert(
      fc.property(anyValue, (value) => {
        const text = canonicalJson(value);
        expect(canonicalJson(parse(text))).toBe(text);
      }),
    );
  });

  it('does not depend on the order of members, at any depth', () => {
    fc.assert(
      fc.property(anyValue, fc.infiniteStream(fc.double({ min: 0, max: 1 })), (value, stream) => {
        const next = (): number => stream.next().value ?? 0;
        expect(canonicalJson(shuffled(value, next))).toBe(canonicalJson(value));
      }),
    );
  });

  it('tells apart what is not the same value', () => {
    fc.assert(
      fc.property(anyValue, anyValue, (one, other) => {
        const isSame = canonicalJson(one) === canonicalJson(other);
        expect(isSame).toBe(JSON.stringify(sorted(one)) === JSON.stringify(sorted(other)));
      }),
    );
  });

  it('holds no white space outside strings', () => {
    fc.assert(
      fc.property(anyValue, (value) => {
        expect(canonicalJson(value).replace(/"(?:[^"\\]|\\.)*"/g, '')).not.toMatch(/\s/);
      }),
    );
  });
});

/** The same value with the members of every object in another order. */
function shuffled(value: JsonValue, random: () => number): JsonValue {
  if (value === null || typeof value !== 'object') return value;
  if (Array.isArray(value)) return (value as JsonValue[]).map((item) => shuffled(item, random));
  const members = Object.entries(value).map(
    ([name, member]) => [random(), name, shuffled(member as JsonValue, random)] as const,
  );
  return Object.fromEntries(
    members.sort(([one], [other]) => one - other).map(([, name, member]) => [name, member]),
  );
}

/** What two values have in common exactly when they are equal. */
function sorted(value: JsonValue): unknown {
  if (value === null || typeof value !== 'object') return value;
  if (Array.isArray(value)) return { array: (value as JsonValue[]).map(sorted) };
  const members = Object.entries(value).sort(([one], [other]) => (one < other ? -1 : 1));
  return { object: members.map(([name, member]) => [name, sorted(member as JsonValue)]) };
}
