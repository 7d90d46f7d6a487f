import { z } from 'zod';
import { envelopeSchema } from './envelope-schema.js';
import { dataSchemaOf } from './event-data.rules.js';

/** What the body of each event looks like, by `<kind>:<type>`; made when it is first asked for. */
const patterns = new Map<string, RegExp>();

/**
 * Whether a text, if it is JSON at all, is the canonical body of an event of this type and right by
 * the catalogue. It is told from the text alone, in a tenth of the time that it takes to read it, but
 * not of every such body: false also where a text holds an escape, a character beyond U+FFFF or a
 * number of more than 15 digits, and where a pattern cannot say what the catalogue does. All of it may
 * be anything.
 */
export function isPlainBody(kind: string, type: string, text: unknown): boolean {
  // A pattern would read bytes as the text that they spell.
  if (typeof text !== 'string') return false;
  const name = `${kind}:${type}`;
  const known = patterns.get(name);
  if (known !== undefined) return known.test(text);
  const data = dataSchemaOf(kind, type);
  if (data === undefined) return false;
  const pattern = new RegExp(`^${objectPattern({ ...envelopeSchema.shape, data })}$`);
  patterns.set(name, pattern);
  return pattern.test(text);
}

/** What is in a string of canonical JSON as it is; surrogates are only in pairs, not looked for here. */
const PLAIN = String.raw`[^"\\\x00-\x1f\ud800-\udfff]`;
/** Matches nothing: what a pattern cannot say is read instead. */
const NEVER = '(?!)';

function patternOf(schema: unknown): string {
  if (schema instanceof z.ZodObject) return objectPattern(schema.shape);
  if (schema instanceof z.ZodNullable) return `(?:null|${patternOf(schema.unwrap())})`;
  if (schema instanceof z.ZodOptional) return patternOf(schema.unwrap());
  if (schema instanceof z.ZodArray) return arrayPattern(schema);
  if (schema instanceof z.ZodUUID) return uuidPattern(schema);
  if (schema instanceof z.ZodString) return stringPattern(schema);
  if (schema instanceof z.ZodNumberFormat) return integerPattern(schema);
  if (schema instanceof z.ZodBoolean) return '(?:true|false)';
  if (schema instanceof z.ZodEnum) return choicePattern(schema.options);
  if (schema instanceof z.ZodLiteral) return choicePattern([...schema.values]);
  return NEVER;
}

/** A comma that is missing, or one too many, makes a text that is no JSON. */
function objectPattern(shape: z.ZodRawShape): string {
  const names = Object.keys(shape).sort();
  const members = names.map((name) => {
    const member = `,?${exactly(name)}:${patternOf(shape[name])}`;
    return shape[name] instanceof z.ZodOptional ? `(?:${member})?` : member;
  });
  return String.raw`\{${members.join('')}\}`;
}

function arrayPattern(schema: z.ZodArray): string {
  const times = lengthsOf(schema);
  return times === undefined ? NEVER : String.raw`\[(?:,?${patternOf(schema.element)})${times}\]`;
}

function stringPattern(schema: z.ZodString): string {
  const times = lengthsOf(schema);
  return times === undefined ? NEVER : `"${PLAIN}${times}"`;
}

/** How many there may be, by checks of lengths alone; undefined: there are others. */
function lengthsOf({ def }: z.ZodString | z.ZodArray): string | undefined {
  let [least, most] = ['0', ''];
  for (const check of checksOf(def)) {
    if (check.check === 'min_length') least = String(check.minimum);
    else if (check.check === 'max_length') most = String(check.maximum);
    else if (check.check === 'length_equals') least = most = String(check.length);
    else return undefined;
  }
  return `{${least},${most}}`;
}

/** Integers from 0 or from 1 on, as those of events are. */
function integerPattern({ def, format }: z.ZodNumberFormat): string {
  const [check, ...others] = checksOf(def);
  const isFromZero = check?.check === 'greater_than' && check.value === 0;
  if (format !== 'safeint' || !isFromZero || others.length > 0) return NEVER;
  const positive = String.raw`[1-9]\d{0,14}`;
  return check.inclusive ? `(?:0|${positive})` : positive;
}

function uuidPattern({ def }: z.ZodUUID): string {
  const source = def.pattern?.source;
  return source === undefined || checksOf(def).length > 0 ? NEVER : `"${source.slice(1, -1)}"`;
}

function choicePattern(values: readonly unknown[]): string {
  return `(?:${values.map(exactly).join('|')})`;
}

function exactly(value: unknown): string {
  return JSON.stringify(value).replace(/[\\^$.*+?()[\]{}|]/g, String.raw`\$&`);
}

/** The rules of a schema beside its type. */
function checksOf({ checks = [] }: { checks?: z.core.$ZodCheck[] }) {
  return checks.map((check) => (check as z.core.$ZodChecks)._zod.def);
}
