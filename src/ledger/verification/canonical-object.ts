import { canonicalJson, type JsonValue } from '../../domain/canonical-json.js';

/** The object that a text is canonical JSON of (RFC 8785); undefined for any other text. */
export function parseCanonicalObject(text: string): Record<string, unknown> | undefined {
  try {
    const value = JSON.parse(text) as JsonValue;
    const isObject = typeof value === 'object' && value !== null && !Array.isArray(value);
    return isObject && isCanonical(text, value) ? (value as Record<string, unknown>) : undefined;
  } catch {
    return undefined;
  }
}

/**
 * The engine's own writer is three times as fast, and writes the same but for the order of members and
 * for lone surrogates, which it escapes.
 */
function isCanonical(text: string, value: JsonValue): boolean {
  return (
    (!text.includes('\\ud') && JSON.stringify(value) === text && isSorted(value)) ||
    canonicalJson(value) === text
  );
}

/** Whether the members of every object in a value come in the order of canonical JSON. */
function isSorted(value: JsonValue): boolean {
  if (typeof value !== 'object' || value === null) return true;
  if (Array.isArray(value)) return value.every(isSorted);
  let before: string | undefined;
  for (const name of Object.keys(value)) {
    if (before !== undefined && name < before) return false;
    if (!isSorted((value as Record<string, JsonValue>)[name] as JsonValue)) return false;
    before = name;
  }
  return true;
}
