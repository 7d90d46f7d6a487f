import { describe, expect, it } from '@jest/globals';
import { z } from 'zod';
import { eventCatalogue } from '../../../src/domain/events/event-catalogue.js';
import { eventDataFault, strictly } from '../../../src/domain/events/event-data.rules.js';
import { goldenBodies } from '../../support/domain-golden-events.js';

type Members = Record<string, unknown>;

const catalogued = Object.entries(eventCatalogue).flatMap(([kind, types]) =>
  Object.keys(types).map((type) => [kind, type] as const),
);

const dataOf = (type: string): Members =>
  (JSON.parse(goldenBodies[type] ?? '') as { data: Members }).data;

/** Every object in a value that is no list, with the way to it; maps to anything are left out. */
function objectsIn(value: unknown, path: readonly string[] = []): [string, Members][] {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return [];
  const members = value as Members;
  const inner = Object.entries(members).filter(([name]) => name !== 'publicJwk');
  return [
    [path.join('.') || 'the top', members],
    ...inner.flatMap(([name, one]) => objectsIn(one, [...path, name])),
  ];
}

describe('the data of an event', () => {
  it.each(catalogued)('are as the catalogue says: %s %s', (kind, type) => {
    expect(eventDataFault(kind, type, dataOf(type))).toBeUndefined();
  });

  it.each(catalogued)('name no member that it does not, at any depth: %s %s', (kind, type) => {
    const places = objectsIn(dataOf(type)).map(([place]) => place);
    for (const [index, place] of places.entries()) {
      const data = dataOf(type);
      const [, members] = objectsIn(data)[index]!;
      members['surplus'] = true;
      expect(eventDataFault(kind, type, data)).toBe(`the data of ${type} are wrong at ${place}`);
    }
  });

  it('are wrong at the place of a value, which is not repeated', () => {
    const data = dataOf('RefreshTokenRotated');
    const token = { ...(data['token'] as Members), expiresAt: 'a secret' };
    expect(eventDataFault('family', 'RefreshTokenRotated', { ...data, token })).toBe(
      'the data of RefreshTokenRotated are wrong at token.expiresAt',
    );
    for (const nothing of [undefined, null, 'text', []]) {
      expect(eventDataFault('account', 'AccountDisabled', nothing)).toBe(
        'the data of AccountDisabled are wrong at the top',
      );
    }
  });

  it.each([
    ['account', 'ClientDisabled'],
    ['account', 'constructor'],
    ['constructor', 'AccountCreated'],
  ])('are none in a stream of kind %s: %s', (kind, type) => {
    expect(eventDataFault(kind, type, {})).toBe(`a stream of kind ${kind} cannot hold ${type}`);
  });
});

describe('a strict schema', () => {
  const one = z.object({ a: z.string() });
  const surplus = { a: 'x', b: 1 };

  it.each([
    ['in a list', z.array(one), [surplus]],
    ['in a map', z.record(z.string(), one), { x: surplus }],
    ['that may be absent', one.optional(), surplus],
    ['that may be null', one.nullable(), surplus],
    ['in an object', z.object({ one }), { one: surplus }],
  ])('refuses a member that it does not name, in an object %s', (_where, schema, value) => {
    expect(schema.safeParse(value).success).toBe(true);
    expect(strictly(schema).safeParse(value).success).toBe(false);
  });

  it('keeps every other rule', () => {
    const schema = strictly(z.object({ list: z.array(one).max(1), text: z.string().min(1) }));
    const fine = { list: [{ a: 'x' }], text: 'y' };
    expect(schema.parse(fine)).toEqual(fine);
    expect(schema.safeParse({ ...fine, text: '' }).success).toBe(false);
    expect(schema.safeParse({ ...fine, list: [{ a: 'x' }, { a: 'y' }] }).success).toBe(false);
  });

  it('is none of a type that nobody has thought of', () => {
    expect(() => strictly(z.object({ one: z.union([one, z.string()]) }))).toThrow(
      'a schema of type union cannot be made strict',
    );
  });
});
