/** A value that RFC 8785 can write: JSON without `undefined`, NaN or infinities. */
export type JsonValue =
  | null
  | boolean
  | number
  | string
  | readonly JsonValue[]
  | { readonly [key: string]: JsonValue | undefined };

/**
 * Writes `value` as canonical JSON (RFC 8785): keys sorted by UTF-16 code units, no white space,
 * numbers and strings as ECMAScript writes them. Members that are `undefined` are left out.
 *
 * Throws a TypeError for what has no canonical form: a number that is not finite, a lone surrogate,
 * a function, a symbol or a bigint.
 */
export function canonicalJson(value: JsonValue): string {
  switch (typeof value) {
    case 'string':
      return canonicalString(value);
    case 'number':
      if (!Number.isFinite(value)) throw new TypeError('canonical JSON has no NaN or infinity');
      return String(value);
    case 'boolean':
      return value ? 'true' : 'false';
    case 'object':
      if (value === null) return 'null';
      return Array.isArray(value) ? canonicalArray(value) : canonicalObject(value as JsonObject);
    default:
      throw new TypeError(`canonical JSON cannot hold a ${typeof value}`);
  }
}

type JsonObject = { readonly [key: string]: JsonValue | undefined };

/** ASCII text that stands in JSON as it is: no quote, no backslash, no control character. */
const PLAIN = /^[ !#-[\]-~]*$/;

function canonicalString(text: string): string {
  if (PLAIN.test(text)) return `"${text}"`;
  if (!text.isWellFormed()) throw new TypeError('canonical JSON cannot hold a lone surrogate');
  return JSON.stringify(text);
}

function canonicalArray(items: readonly JsonValue[]): string {
  let text = '[';
  for (let index = 0; index < items.length; index += 1) {
    if (index > 0) text += ',';
    text += canonicalJson(items[index] as JsonValue);
  }
  return `${text}]`;
}

function canonicalObject(members: JsonObject): string {
  const keys = inOrder(Object.keys(members));
  let text = '{';
  for (const key of keys) {
    const member = members[key];
    if (member === undefined) continue;
    if (text.length > 1) text += ',';
    text += `${memberName(key)}${canonicalJson(member)}`;
  }
  return `${text}}`;
}

/** Sorts by UTF-16 code units, unless nothing is to be sorted: to find that out is much cheaper. */
function inOrder(keys: string[]): string[] {
  for (let index = 1; index < keys.length; index += 1) {
    if ((keys[index - 1] as string) > (keys[index] as string)) return keys.sort();
  }
  return keys;
}

/** How many names of members are kept as they are written; events have fewer. */
const NAMES_KEPT_MAX = 256;
const writtenNames = new Map<string, string>();

function memberName(key: string): string {
  const kept = writtenNames.get(key);
  if (kept !== undefined) return kept;
  const written = `${canonicalString(key)}:`;
  if (writtenNames.size < NAMES_KEPT_MAX) writtenNames.set(key, written);
  return written;
}
