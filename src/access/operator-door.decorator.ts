import {
  applyDecorators,
  Header,
  StandardSchemaValidationPipe,
  UseFilters,
  UseGuards,
  UsePipes,
} from '@nestjs/common';
import { ApiResponse, ApiSecurity, ApiTags } from '@nestjs/swagger';
import type { OperatorScope } from '../domain/directory/operator-scopes.rules.js';
import { BearerGuard, RequireScopes } from './bearer.guard.js';
import { Problem, ProblemDetailsFilter } from './problem-details.js';

type Issue = Parameters<
  NonNullable<
    NonNullable<ConstructorParameters<typeof StandardSchemaValidationPipe>[0]>['exceptionFactory']
  >
>[0][number] & { readonly keys?: readonly string[] };

/** A wrong parameter, named and never repeated: what was typed may be a secret in the wrong place. */
export function parameterProblem(parameter: string, why: string): Problem {
  return new Problem({
    status: 400,
    title: 'Bad Request',
    detail: `${parameter} ${why}`,
    parameter,
  });
}

function wrongParameter([issue]: readonly Issue[]): Problem {
  const segment = issue?.path?.[0];
  const named = typeof segment === 'object' ? segment.key : (segment ?? issue?.keys?.[0]);
  const parameter = String(named ?? 'a parameter').slice(0, 64);
  return parameterProblem(parameter, issue?.message ?? 'is wrong');
}

/** Documents an answer that is a problem, by its example. */
export function ApiProblem(status: number, title: string, detail: string, parameter?: string) {
  const schema = { $ref: '#/components/schemas/Problem' };
  const named = parameter === undefined ? {} : { parameter };
  const example = { type: 'about:blank', status, title, detail, ...named };
  return ApiResponse({
    status,
    description: title,
    content: { 'application/problem+json': { schema, example } },
  });
}

/** What a door of operators is: the scope it needs, and where the documentation puts it. */
export interface OperatorDoorWords {
  readonly scope: OperatorScope;
  readonly tag: string;
  /** The security scheme of the OpenAPI document. */
  readonly security: string;
}

/** A controller for operators: who comes in needs the scope, and failures are problem details. */
export function OperatorDoor({ scope, tag, security }: OperatorDoorWords): ClassDecorator {
  return applyDecorators(
    UseGuards(BearerGuard),
    RequireScopes(scope),
    UsePipes(new StandardSchemaValidationPipe({ exceptionFactory: wrongParameter })),
    UseFilters(ProblemDetailsFilter),
    ApiTags(tag),
    ApiSecurity(security, [scope]),
    ApiProblem(401, 'Unauthorized', 'An access token is needed.'),
    ApiProblem(403, 'Forbidden', 'The access token does not have the scopes that this needs.'),
  );
}

/** A method for operators: its answer may hold personal data, and is kept by no cache. */
export function Unstored(): MethodDecorator {
  return applyDecorators(Header('cache-control', 'no-store'));
}
