import { z } from 'zod';
import { eventCatalogue } from './event-catalogue.js';

/** What has nothing inside it that a schema could fail to name. */
const LEAVES: ReadonlySet<string> = new Set(['string', 'number', 'boolean', 'enum', 'literal']);

/**
 * A schema that refuses members it does not name, at every depth: zod's own `strict` only sees those
 * of the outermost object. Throws an Error for a type that it cannot look into.
 */
export function strictly(schema: z.ZodType): z.ZodType {
  const inner = (one: unknown): z.ZodType => strictly(one as z.ZodType);
  if (schema instanceof z.ZodObject) {
    const members = Object.entries(schema.shape).map(([name, one]) => [name, inner(one)] as const);
    return schema.clone({
      ...schema.def,
      shape: Object.fromEntries(members),
      catchall: z.never(),
    });
  }
  if (schema instanceof z.ZodOptional) {
    return schema.clone({ ...schema.def, innerType: inner(schema.def.innerType) });
  }
  if (schema instanceof z.ZodNullable) {
    return schema.clone({ ...schema.def, innerType: inner(schema.def.innerType) });
  }
  if (schema instanceof z.ZodArray) {
    return schema.clone({ ...schema.def, element: inner(schema.def.element) });
  }
  if (schema instanceof z.ZodRecord) {
    return schema.clone({ ...schema.def, valueType: inner(schema.def.valueType) });
  }
  if (LEAVES.has(schema.type)) return schema;
  throw new Error(`a schema of type ${schema.type} cannot be made strict`);
}

/** The strict schema of the data of each event, by `<kind>:<type>`. */
const schemas: ReadonlyMap<string, z.ZodType> = new Map(
  Object.entries(eventCatalogue).flatMap(([kind, types]) =>
    Object.entries<z.ZodObject>(types).map(
      ([type, schema]) => [`${kind}:${type}`, strictly(schema)] as const,
    ),
  ),
);

/** The schema of an event's data, strict at every depth; undefined: a stream of that kind holds none. */
export function dataSchemaOf(kind: string, type: string): z.ZodType | undefined {
  return schemas.get(`${kind}:${type}`);
}

/** Where a value breaks its schema: `token.expiresAt`. It never quotes the value. */
export function faultPlaceOf(error: z.ZodError): string {
  return error.issues[0]?.path.join('.') || 'the top';
}

/** What is wrong with an event by the catalogue; undefined: nothing. All of it may be anything. */
export function eventDataFault(kind: string, type: string, data: unknown): string | undefined {
  const schema = dataSchemaOf(kind, type);
  if (schema === undefined) return `a stream of kind ${kind} cannot hold ${type}`;
  const { error } = schema.safeParse(data);
  return error && `the data of ${type} are wrong at ${faultPlaceOf(error)}`;
}
