import type { FastifyRequest } from 'fastify';
import type { z } from 'zod';
import { Problem } from './problem-details.js';
import { problemOfIssue } from './wrong-parameter.js';

const BODY = { place: 'the body', unknown: 'has a member that is unknown here' };
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

/** What is wrong with a body, by the member that it is about; no value is repeated. */
export function problemOfBody({ issues: [issue] }: z.ZodError): Problem {
  return problemOfIssue(issue, BODY);
}
