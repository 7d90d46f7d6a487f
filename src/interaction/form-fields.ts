import { isUtf8 } from 'node:buffer';
import type { FastifyRequest } from 'fastify';
import { formBodyOf, queryOf } from '../access/posted-form.js';

/**
 * The fields of a posted form of ours; a repeated field counts once, with its first value. Empty for
 * a body that no form of ours could have sent.
 */
export function formFields(request: FastifyRequest): ReadonlyMap<string, string> {
  const body = formBodyOf(request);
  if (body === undefined || !isUtf8(body)) return new Map();
  const fields = new Map<string, string>();
  for (const [name, value] of new URLSearchParams(body.toString('utf8'))) {
    if (!fields.has(name)) fields.set(name, value);
  }
  return fields;
}

/** A parameter of the URL's query. */
export function queryParameter(request: FastifyRequest, name: string): string {
  return new URLSearchParams(queryOf(request)).get(name) ?? '';
}
