import {
  applyDecorators,
  Header,
  StandardSchemaValidationPipe,
  UseFilters,
  UseGuards,
  UsePipes,
} from '@nestjs/common';
import { ApiResponse, ApiSecurity, ApiTags } from './api-description.js';
import type { OperatorScope } from '../domain/directory/operator-scopes.rules.js';
import { BearerGuard, RequireScopes } from './bearer.guard.js';
import { ProblemDetailsFilter } from './problem-details.js';
import { type ParameterIssue, problemOfIssue } from './wrong-parameter.js';

const REQUEST = { place: 'the request', unknown: 'has a parameter that is unknown here' };

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
    UsePipes(
      new StandardSchemaValidationPipe({
        exceptionFactory: ([issue]: readonly ParameterIssue[]) => problemOfIssue(issue, REQUEST),
      }),
    ),
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
