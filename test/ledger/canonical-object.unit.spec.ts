import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { canonicalJson, type JsonValue } from '../../src/domain/canonical-json.js';
import { parseCanonicalObject } from '../../src/ledger/verification/canonical-object.js';

/** What the definition says: the text that canonical JSON has for what it parses to. */
function isCanonicalByDefinition(text: string): boolean {
  try {
    const value = JSON.parse(text) as JsonValue;
    const isObject = typeof value === 'object' && value !== null && !Array.isArray(value);
    return isObject && canonicalJson(value) === text;
  } catch {
    return false;
  }
}

const isParsed = (text: string): boolean => parseCanonicalObject(text) !== undefined;

/** Names that sort otherwise as numbers, as text, or by code points than by code units. */
const name = fc.oneof(
  fc.constantFrom('a', 'b', 'B', '9', '10', '-1', '__proto__', 'toJSON', 'ü', '\ue000', '😀', ''),
  fc.string(),
);
const anything = fc.jsonValue({ depthSize: 'small' });
const nested = fc.dictionary(name, fc.oneof(anything, fc.dictionary(name, anything)));

describe('a body', () => {
  it('that is canonical is read as what it says', () => {
    fc.assert(
      fc.property(nested, (value) => {
        const text = canonicalJson(value);
        expect(parseCanonicalObject(text)).toEqual(JSON.parse(text));
      }),
    );
  });

  it('is canonical exactly when the definition says so, whatever character of it is changed', () => {
    fc.assert(
      fc.property(
        nested,
        fc.nat(),
        fc.oneof(
          fc.constantFrom(...'0123456789eE+-. \\u"{}[],:dD/'.split('')),
          fc.string({ unit: 'binary' }),
        ),
        fc.boolean(),
        (value, place, other, isSorted) => {
          const text = isSorted ? canonicalJson(value) : JSON.stringify(value);
          const at = place % text.length;
          const changed = text.slice(0, at) + other + text.slice(at + 1);
          for (const one of [text, changed])
            expect(isParsed(one)).toBe(isCanonicalByDefinition(one));
        },
      ),
      { numRuns: 2000 },
    );
  });

  it.each<[what: string, text: string, isCanonical: boolean]>([
    ['an escaped lone surrogate', String.raw`{"a":"\ud800"}`, false],
    ['a lone surrogate', '{"a":"\ud800"}', false],
    ['an escaped pair of surrogates', String.raw`{"a":"\ud83d\ude00"}`, false],
    ['a pair of surrogates', '{"a":"😀"}', true],
    ['a backslash before ud800', String.raw`{"a":"\\ud800"}`, true],
    ['a number that is too large', '{"a":1e999}', false],
    ['a negative zero', '{"a":-0}', false],
    ['names of numbers in the order of text', '{"10":1,"9":1}', true],
    ['names of numbers in the order of numbers', '{"9":1,"10":1}', false],
    ['a name twice', '{"a":1,"a":1}', false],
    ['names out of order deep inside', '{"a":[{"c":1,"b":2}]}', false],
    ['an array', '[]', false],
    ['nothing', 'null', false],
    ['no JSON', '{', false],
  ])('with %s', (_, text, isCanonical) => {
    expect(isParsed(text)).toBe(isCanonical);
    expect(isCanonicalByDefinition(text)).toBe(isCanonical);
  });
});
