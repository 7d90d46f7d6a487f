import type { FastifyRequest } from 'fastify';

const FORM = /^application\/x-www-form-urlencoded(?:\s*;.*)?$/i;

/**
 * The body of a form-encoded POST as it came, raw from the server's parser; undefined for any other
 * body.
 */
export function formBodyOf(request: FastifyRequest): Buffer | undefined {
  const { body, headers } = request;
  return FORM.test(headers['content-type'] ?? '') && Buffer.isBuffer(body) ? body : undefined;
}

/** The query of the request's URL, without its mark; empty where there is none. */
export function queryOf({ url }: FastifyRequest): string {
  const mark = url.indexOf('?');
  return mark === -1 ? '' : url.slice(mark + 1);
}
