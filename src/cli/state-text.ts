import { isoTime } from './terminal.js';

/** Instants by other names than `…At`; in states they are milliseconds. */
const INSTANTS: ReadonlySet<string> = new Set([
  'at',
  'authTime',
  'from',
  'hourStart',
  'recentRotations',
  'to',
  'tokensNotBefore',
  'until',
]);
const SPANS: ReadonlySet<string> = new Set([
  'absolute',
  'accessTokenLifetime',
  'idle',
  'retryWindow',
]);

/** A member of a state as people read it: instants as RFC 3339 in UTC, spans in seconds. */
export function memberText(name: string, value: unknown): string {
  const told = toldMember(name, value);
  if (told === undefined) return '';
  return typeof told === 'string' ? told : JSON.stringify(told);
}

/** Each member of a state with its value; what is in a member is named after it: `policy.idle`. */
export function memberRows(state: Readonly<Record<string, unknown>>, within = ''): string[][] {
  return Object.entries(state).flatMap(([name, value]) => {
    if (value === undefined) return [];
    if (isObject(value) && Object.keys(value).length > 0) {
      return memberRows(value, `${within}${name}.`);
    }
    return [[`${within}${name}`, memberText(name, value)]];
  });
}

function toldMember(name: string, value: unknown): unknown {
  if (typeof value === 'number') return toldNumber(name, value);
  if (Array.isArray(value)) return value.map((one) => toldMember(name, one));
  if (!isObject(value)) return value;
  return Object.fromEntries(
    Object.entries(value).map(([member, held]) => [member, toldMember(member, held)]),
  );
}

function toldNumber(name: string, value: number): number | string {
  if (INSTANTS.has(name) || name.endsWith('At')) return isoTime(value);
  return SPANS.has(name) ? `${value / 1000} s` : value;
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
