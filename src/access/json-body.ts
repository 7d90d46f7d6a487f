import type { FastifyRequest } from 'fastify';
import type { z } from 'zod';
import { parameterProblem } from './operator-door.decorator.js';
import { Problem } from './problem-details.js';

/** What the name of a member may look like to be repeated: a token in its place may not. */
const MEMBER_NAME = /^[A-Za-z_]{1,32}$/;
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
  const unknown = issue?.code === 'unrecognized_keys' ? issue.keys.slice(0, 1) : [];
  const member = [...(issue?.path ?? []), ...unknown].map(String);
  const isTold = member.length > 0 && member.every((name) => MEMBER_NAME.test(name));
  return parameterProblem(isTold ? member.join('.') : 'the body', whyOf(issue, isTold));
}

function whyOf(issue: z.ZodError['issues'][number] | undefined, isTold: boolean): string {
  if (issue?.code === 'unrecognized_keys' && !isTold) return 'has a member that is unknown here';
  return issue?.message ?? 'is wrong';
}
