import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { canonicalJson, type JsonValue } from '../../../src/domain/canonical-json.js';
import { isPlainBody } from '../../../src/domain/events/body-pattern.js';
import { envelopeSchema } from '../../../src/domain/events/envelope-schema.js';
import { eventCatalogue } from '../../../src/domain/events/event-catalogue.js';
import { eventDataFault } from '../../../src/domain/events/event-data.rules.js';
import { goldenBodies } from '../../support/domain-golden-events.js';

const events = Object.entries(eventCatalogue).flatMap(([kind, types]) =>
  Object.keys(types).map((type) => ({ kind, type, body: goldenBodies[type] ?? '' })),
);
/** One holds a map, whose members the catalogue does not name, and one the line ends of a note. */
const UNTOLD: ReadonlySet<string> = new Set(['SigningKeyCreated', 'LedgerRestored']);
const told = events.filter(({ type }) => !UNTOLD.has(type));

const rotated = goldenBodies.RefreshTokenRotated ?? '';
const isRotated = (text: string): boolean => isPlainBody('family', 'RefreshTokenRotated', text);

/** What the catalogue says of a body that is read; undefined for a text that is no JSON. */
function isRight(
  { kind, type }: { kind: string; type: string },
  text: string,
): boolean | undefined {
  let value: Record<string, JsonValue>;
  try {
    value = JSON.parse(text) as Record<string, JsonValue>;
  } catch {
    return undefined;
  }
  const { data, ...envelope } = value;
  const isInShape =
    envelopeSchema.safeParse(envelope).success && eventDataFault(kind, type, data) === undefined;
  return isInShape && canonicalJson(value) === text;
}

/** Every place of a value, as the members that lead to it. */
function placesIn(value: JsonValue, path: readonly string[] = []): (readonly string[])[] {
  if (typeof value !== 'object' || value === null) return [path];
  const inner = Object.entries(value).flatMap(([name, one]) =>
    placesIn(one as JsonValue, [...path, name]),
  );
  return path.length === 0 ? inner : [path, ...inner];
}

/** The value with another one at a place; without the member when that is undefined. */
function replacedAt(
  value: JsonValue,
  [name = '', ...path]: readonly string[],
  other: JsonValue | undefined,
): JsonValue {
  const members = value as Readonly<Record<string, JsonValue>>;
  const changed = path.length === 0 ? other : replacedAt(members[name] ?? null, path, other);
  const others = Object.entries(members).map(([one, inner]) => [
    one,
    one === name ? changed : inner,
  ]);
  const kept = others.filter((entry): entry is [string, JsonValue] => entry[1] !== undefined);
  return Array.isArray(value) ? kept.map(([, inner]) => inner) : Object.fromEntries(kept);
}

const text = (length: number): string => 'x'.repeat(length);
const numbers = [0, 1, -1, 999_999_999_999_999, 1.5, 1e-7];
const lengths = [0, 1, 42, 43, 44, 200, 201, 256, 257, 512, 513, 2048, 2049];
const words = ['ü', 'jwt', 'none', '\u007f', '\u2028'];
const lists = [[], [''], ['a', 'b'], [1], Array.from({ length: 65 }, () => 'a')];
const values: fc.Arbitrary<JsonValue | undefined> = fc.oneof(
  fc.constantFrom(undefined, null, true, {}, { a: 1 }),
  fc.constantFrom(...numbers),
  fc.constantFrom(...lengths.map(text), ...words),
  fc.constantFrom(...lists),
);

describe('a plain body', () => {
  it('are texts: bytes that spell one are none', () => {
    expect(isRotated(rotated)).toBe(true);
    expect(isPlainBody('family', 'RefreshTokenRotated', Buffer.from(rotated))).toBe(false);
  });

  it.each(events)('is what a golden $type of a $kind is, with two exceptions', (event) => {
    expect(isPlainBody(event.kind, event.type, event.body)).toBe(told.includes(event));
  });

  it('is right exactly when the catalogue says so, whatever value stands in it', () => {
    fc.assert(
      fc.property(fc.constantFrom(...told), fc.nat(), values, (event, place, other) => {
        const body = JSON.parse(event.body) as JsonValue;
        const places = placesIn(body);
        const changed = canonicalJson(replacedAt(body, places[place % places.length] ?? [], other));
        expect(isPlainBody(event.kind, event.type, changed)).toBe(isRight(event, changed));
      }),
      { numRuns: 5000 },
    );
  });

  it('is never one that the catalogue refuses or that is not canonical, whatever text is changed', () => {
    const piece = fc.oneof(
      fc.constantFrom(...'0123456789eE+-. \\"{}[],:tnüx'.split(''), ',,', '""', '\ud800', '😀'),
      fc.string({ unit: 'binary', maxLength: 3 }),
    );
    fc.assert(
      fc.property(
        fc.constantFrom(...events),
        fc.nat(),
        fc.nat(3),
        fc.oneof(piece, fc.constant('')),
        (event, place, length, other) => {
          const at = place % event.body.length;
          const changed = event.body.slice(0, at) + other + event.body.slice(at + length);
          const isPlain = isPlainBody(event.kind, event.type, changed);
          if (isPlain) expect(isRight(event, changed)).not.toBe(false);
        },
      ),
      { numRuns: 10_000 },
    );
  });

  it.each<[what: string, change: (body: string) => string]>([
    ['an escape', (body) => body.replace('photo-app', String.raw`photo\u002dapp`)],
    ['a line end', (body) => body.replace('photo-app', 'photo\napp')],
    ['a pair of surrogates', (body) => body.replaceAll('photo-app', 'photo-😀')],
    ['half a pair of surrogates', (body) => body.replaceAll('photo-app', 'photo-\ud83d')],
    ['a space', (body) => body.replace(':1', ': 1')],
    ['a number with an exponent', (body) => body.replace('"version":1', '"version":1e0')],
    ['a number with a zero before it', (body) => body.replace('"version":1', '"version":01')],
    ['a negative zero', (body) => body.replace('"age":600415', '"age":-0')],
    ['a member twice', (body) => body.replace('"data":{', '"data":{"age":1,')],
    ['another member', (body) => body.replace('"data":{', '"data":{"aa":1,')],
    [
      'members in another order',
      (body) => body.replace(/("age":\d+),("authMethod":"none")/, '$2,$1'),
    ],
    ['no member that must be there', (body) => body.replace(/"age":\d+,/, '')],
    ['something before it', (body) => ` ${body}`],
    ['something after it', (body) => `${body}\n`],
  ])('has not %s', (_, change) => {
    expect(isRotated(rotated)).toBe(true);
    const changed = change(rotated);
    expect(changed).not.toBe(rotated);
    expect(isRotated(changed)).toBe(false);
  });

  it('is of a type that its stream can hold', () => {
    expect(isPlainBody('account', 'RefreshTokenRotated', rotated)).toBe(false);
    expect(isPlainBody('family', 'constructor', rotated)).toBe(false);
    expect(isPlainBody('', '', '')).toBe(false);
  });
});
