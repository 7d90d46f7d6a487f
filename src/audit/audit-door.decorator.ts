import {
  applyDecorators,
  Header,
  StandardSchemaValidationPipe,
  UseFilters,
  UseGuards,
  UsePipes,
} from '@nestjs/common';
import { ApiResponse, ApiSecurity, ApiTags } from '@nestjs/swagger';
import { BearerGuard, RequireScopes } from '../access/bearer.guard.js';
import { Problem, ProblemDetailsFilter } from '../access/problem-details.js';
import { PAGE_ITEMS_MAX } from './audit.parameters.js';

type Issue = Parameters<
  NonNullable<
    NonNullable<ConstructorParameters<typeof StandardSchemaValidationPipe>[0]>['exceptionFactory']
  >
>[0][number] & { readonly keys?: readonly string[] };

/** A wrong parameter, named and never repeated: what was typed may be a secret in the wrong place. */
function wrongParameter([issue]: readonly Issue[]): Problem {
  const segment = issue?.path?.[0];
  const named = typeof segment === 'object' ? segment.key : (segment ?? issue?.keys?.[0]);
  const parameter = String(named ?? 'a parameter').slice(0, 64);
  return new Problem({
    status: 400,
    title: 'Bad Request',
    detail: `${parameter} ${issue?.message ?? 'is wrong'}`,
    parameter,
  });
}

function ApiProblem(status: number, title: string, detail: string, parameter?: string) {
  const schema = { $ref: '#/components/schemas/Problem' };
  const named = parameter === undefined ? {} : { parameter };
  const example = { type: 'about:blank', status, title, detail, ...named };
  return ApiResponse({
    status,
    description: title,
    content: { 'application/problem+json': { schema, example } },
  });
}

/** A controller of the audit: who comes in needs `audit:read`, and failures are problem details. */
export function AuditDoor(): ClassDecorator {
  return applyDecorators(
    UseGuards(BearerGuard),
    RequireScopes('audit:read'),
    UsePipes(new StandardSchemaValidationPipe({ exceptionFactory: wrongParameter })),
    UseFilters(ProblemDetailsFilter),
    ApiTags('Audit'),
    ApiSecurity('audit', ['audit:read']),
    ApiProblem(
      400,
      'Bad Request',
      `limit must be a whole number from 1 to ${PAGE_ITEMS_MAX}`,
      'limit',
    ),
    ApiProblem(401, 'Unauthorized', 'An access token is needed.'),
    ApiProblem(403, 'Forbidden', 'The access token does not have the scopes that this needs.'),
  );
}

/** A method of the audit: its answer may hold personal data, and is kept by no cache. */
export function Unstored(): MethodDecorator {
  return applyDecorators(Header('cache-control', 'no-store'));
}

/** What was looked for. Throws a Problem 404 when there is no such thing. */
export function found<Answer>(what: 'family' | 'incident', answer: Answer | undefined): Answer {
  if (answer !== undefined) return answer;
  throw new Problem({ status: 404, title: 'Not Found', detail: absent(what) });
}

/** Documents the 404 of `found`. */
export function ApiNotFound(what: 'family' | 'incident'): MethodDecorator & ClassDecorator {
  return ApiProblem(404, 'Not Found', absent(what));
}

function absent(what: 'family' | 'incident'): string {
  return `The ledger has no such ${what}.`;
}
