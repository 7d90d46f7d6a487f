import type { FastifyRequest } from 'fastify';
import { Problem } from './problem-details.js';

const JSON_TYPE = /^application\/json(?:\s*;.*)?$/i;

/** The JSON value in a request's body. Throws a Problem 415 or 400 when there is none. */
export function jsonBodyOf({ body, headers }: FastifyRequest): unknown {
  if (!JSON_TYPE.test(headers['content-type'] ?? '') || !Buffer.isBuffer(body)) {
    const detail = 'The body must be application/json.';
    throw new Problem({ status: 415, title: 'Unsupported Media Type', detail });
  }
  try {
    return JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(body)) as unknown;
  } catch {
    throw new Problem({ status: 400, title: 'Bad Request', detail: 'The body is not JSON.' });
  }
}
