import { applyDecorators } from '@nestjs/common';
import { ApiProblem, OperatorDoor } from '../access/operator-door.decorator.js';
import { Problem } from '../access/problem-details.js';
import type { ViewsBeingBuilt } from '../views/views.port.js';
import { PAGE_ITEMS_MAX } from './audit.parameters.js';

export { Unstored } from '../access/operator-door.decorator.js';

/** A controller of the audit: who comes in needs `audit:read`, and failures are problem details. */
export function AuditDoor(): ClassDecorator {
  return applyDecorators(
    OperatorDoor({ scope: 'audit:read', tag: 'Audit', security: 'audit' }),
    ApiProblem(
      400,
      'Bad Request',
      `limit must be a whole number from 1 to ${PAGE_ITEMS_MAX}`,
      'limit',
    ),
    ApiProblem(503, 'Service Unavailable', beingBuilt({ done: 812, total: 1205 })),
  );
}

/** What can be looked for by its id. */
export type Sought = 'family' | 'incident' | 'client' | 'subject' | 'token';

/** What was looked for. Throws a Problem 404 when there is no such thing. */
export function found<Answer>(what: Sought, answer: Answer | undefined): Answer {
  if (answer === undefined) throw notFound(what);
  return answer;
}

/** The answer to what was looked for and is not there. */
export function notFound(what: Sought): Problem {
  return new Problem({ status: 404, title: 'Not Found', detail: absent(what) });
}

/** What is said where there are no views yet that could answer. */
export function beingBuilt({ done, total }: Pick<ViewsBeingBuilt, 'done' | 'total'>): string {
  return `The lists are being built from the ledger: ${done} of ${total} events are in them.`;
}

/** Documents the 404 of `found`. */
export function ApiNotFound(what: Sought): MethodDecorator & ClassDecorator {
  return ApiProblem(404, 'Not Found', absent(what));
}

function absent(what: Sought): string {
  return `The ledger has no such ${what}.`;
}
