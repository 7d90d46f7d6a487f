import { isUtf8 } from 'node:buffer';

/** The one parameter that a request may repeat (RFC 8707, 2). */
const REPEATABLE = new Set(['resource']);
/** How many parameters a request may have, repeated ones counted. */
const PAIRS_MAX = 100;
/** How many characters the name and the value of a parameter may have. */
const NAME_CHARACTERS_MAX = 128;
const VALUE_CHARACTERS_MAX = 8192;
/** Control characters other than tab, line feed and carriage return. */
// oxlint-disable-next-line no-control-regex -- they are what is refused
const CONTROL = /[\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f]/;

/** Why parameters could not be read. One sentence that names the parameter, never its value. */
export class ParameterFault extends Error {}

/**
 * Parameters of an OAuth request. A parameter without a value counts as absent (RFC 6749, 3.1), but
 * not when it is counted how often it stands.
 */
export class Parameters {
  private constructor(
    private readonly values: ReadonlyMap<string, readonly string[]>,
    /** The parameters that stand more than once although they must not. */
    readonly repeated: ReadonlySet<string>,
  ) {}

  /** Reads `application/x-www-form-urlencoded` text. Throws a ParameterFault. */
  static parse(text: string): Parameters {
    const values = new Map<string, string[]>();
    const pairs = text === '' ? [] : text.split('&');
    if (pairs.length > PAIRS_MAX) throw new ParameterFault('there are too many parameters');
    for (const pair of pairs) {
      if (pair === '') continue;
      const equals = pair.indexOf('=');
      const name = decode(equals === -1 ? pair : pair.slice(0, equals));
      const value = decode(equals === -1 ? '' : pair.slice(equals + 1));
      refuseAbsurd(name, value);
      const list = values.get(name);
      if (list === undefined) values.set(name, [value]);
      else list.push(value);
    }
    return Parameters.from(values);
  }

  /** Reads a request body. Throws a ParameterFault. */
  static parseBody(body: Buffer): Parameters {
    if (!isUtf8(body)) throw new ParameterFault('the body is not UTF-8');
    return Parameters.parse(body.toString('utf8'));
  }

  /** Takes parameters from an object of strings and lists of strings. */
  static of(record: Readonly<Record<string, string | readonly string[]>>): Parameters {
    return Parameters.from(
      new Map(Object.entries(record).map(([name, value]) => [name, [value].flat()])),
    );
  }

  private static from(all: ReadonlyMap<string, readonly string[]>): Parameters {
    const repeated = [...all].filter(([name, list]) => list.length > 1 && !REPEATABLE.has(name));
    const values = [...all]
      .map(([name, list]) => [name, list.filter((value) => value !== '')] as const)
      .filter(([, list]) => list.length > 0);
    return new Parameters(new Map(values), new Set(repeated.map(([name]) => name)));
  }

  /** The value of a parameter; undefined when it is absent or empty. */
  get(name: string): string | undefined {
    return this.values.get(name)?.[0];
  }

  /** All values of a parameter that may be repeated. */
  all(name: string): readonly string[] {
    return this.values.get(name) ?? [];
  }

  /** The parameters as an object, to be carried along: `of` makes the same of it again. */
  toRecord(): Record<string, string | string[]> {
    const record = new Map<string, string | string[]>();
    for (const [name, list] of this.values) {
      record.set(name, REPEATABLE.has(name) ? [...list] : (list[0] ?? ''));
    }
    for (const name of this.repeated) record.set(name, [this.get(name) ?? '', '']);
    return Object.fromEntries(record);
  }
}

function decode(text: string): string {
  if (!text.includes('%') && !text.includes('+')) return text;
  try {
    return decodeURIComponent(text.replaceAll('+', ' '));
  } catch {
    throw new ParameterFault('a parameter is not percent-encoded UTF-8');
  }
}

function refuseAbsurd(name: string, value: string): void {
  if (name.length > NAME_CHARACTERS_MAX || CONTROL.test(name)) {
    throw new ParameterFault('a parameter has an impossible name');
  }
  if (value.length > VALUE_CHARACTERS_MAX) {
    throw new ParameterFault('a parameter is too long');
  }
  if (CONTROL.test(value)) throw new ParameterFault('a parameter holds control characters');
}
