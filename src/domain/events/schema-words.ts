import { z } from 'zod';

/** One member of an object's schema, in words. */
export interface FieldWords {
  readonly name: string;
  /** Markdown: `integer`, `string[]`, a link to a named value, or the words of a closed set. */
  readonly type: string;
  readonly isRequired: boolean;
  readonly meaning: string;
}

/** Schemas that have a name of their own, and how a type is written that is one of them. */
export type NamedSchemas = ReadonlyMap<z.core.$ZodType, string>;

/** What a schema says of each of its members, in its order. */
export function fieldsOf(schema: z.ZodObject, named: NamedSchemas): readonly FieldWords[] {
  return Object.entries(schema.shape as Record<string, z.ZodType>).map(([name, field]) => ({
    name,
    type: typeWords(field, named),
    isRequired: !(field instanceof z.ZodOptional),
    meaning: meaningOf(field),
  }));
}

/** What a schema, or what it makes optional, says that it is for; empty when neither says. */
export function meaningOf(schema: z.ZodType): string {
  return schema.description ?? (isWrapper(schema) ? meaningOf(innerOf(schema)) : '');
}

function typeWords(schema: z.ZodType, named: NamedSchemas): string {
  const name = named.get(schema);
  if (name !== undefined) return name;
  if (schema instanceof z.ZodNullable) return `${typeWords(innerOf(schema), named)} or \`null\``;
  if (isWrapper(schema)) return typeWords(innerOf(schema), named);
  if (schema instanceof z.ZodEnum) {
    return schema.options.map((option) => `\`${String(option)}\``).join(', ');
  }
  if (schema instanceof z.ZodArray) {
    const item = typeWords(schema.element as z.ZodType, named);
    return item.includes(',') ? `list of: ${item}` : `${item}[]`;
  }
  return plainTypeOf(schema);
}

function plainTypeOf(schema: z.ZodType): string {
  const { type, additionalProperties } = z.toJSONSchema(schema);
  if (typeof additionalProperties === 'object')
    return `map to ${String(additionalProperties.type)}`;
  return String(type);
}

type Wrapper = z.ZodOptional | z.ZodNullable;

function isWrapper(schema: z.ZodType): schema is Wrapper {
  return schema instanceof z.ZodOptional || schema instanceof z.ZodNullable;
}

function innerOf(schema: Wrapper): z.ZodType {
  return schema.unwrap() as z.ZodType;
}
