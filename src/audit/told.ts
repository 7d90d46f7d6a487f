import type { Instant } from '../domain/identifiers.js';
import { momentOf } from './as-of.answer.js';

/** A finding as the audit writes it: members called `at` or `…At` are moments in place of instants. */
export type Told<Value> = Value extends readonly (infer Item)[]
  ? Told<Item>[]
  : Value extends object
    ? {
        -readonly [Name in keyof Value]: Name extends 'at' | `${string}At`
          ? ToldInstant<Value[Name]>
          : Told<Value[Name]>;
      }
    : Value;

type ToldInstant<Value> = Value extends Instant ? string : Value;

/** Writes the instants of a finding as moments. */
export function told<Value>(value: Value): Told<Value> {
  return toldValue('', value) as Told<Value>;
}

function toldValue(name: string, value: unknown): unknown {
  if (Array.isArray(value)) return value.map((item) => toldValue('', item));
  if (typeof value === 'number') return /^at$|At$/.test(name) ? momentOf(value) : value;
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([member, one]) => [member, toldValue(member, one)]),
  );
}
