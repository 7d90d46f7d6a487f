import { ApiProblem } from '../access/operator-door.decorator.js';
import { Problem } from '../access/problem-details.js';
import { parameterProblem } from '../access/wrong-parameter.js';
import type { RevocationSelector } from '../domain/events/revocation.events.js';
import type { RevocationRefusal } from './revocation-order.reader.js';
import { ONE_SELECTOR } from './revocation.parameters.js';

const VIEWS_BEHIND = 'The views have not come to this position yet. Try again shortly.';

const parameterOfKind = {
  client: 'client',
  subject: 'subject',
  signing_key: 'signingKey',
  address: 'address',
} as const;

/** The answer to a request without a selector, or with several. */
export function notOneSelector(): Problem {
  return parameterProblem('client', ONE_SELECTOR);
}

/** The answer to a selector that has no set. */
export function noSet(reason: RevocationRefusal, { kind }: RevocationSelector): Problem {
  switch (reason) {
    case 'unknown_selected':
      return parameterProblem(parameterOfKind[kind], 'is none of this ledger');
    case 'beyond_the_ledger':
      return parameterProblem('position', 'lies beyond the newest event');
    case 'beyond_the_views':
      return parameterProblem(
        'position',
        'must be given, and must not lie beyond the one past state that this server shows',
      );
    case 'views_behind':
      return new Problem(
        { status: 503, title: 'Service Unavailable', detail: VIEWS_BEHIND },
        { 'retry-after': '1' },
      );
  }
}

/** Documents what selectors are refused for. */
export function ApiNoSet(): MethodDecorator {
  return (target, name, descriptor) => {
    ApiProblem(400, 'Bad Request', `client ${ONE_SELECTOR}`, 'client')(target, name, descriptor);
    ApiProblem(503, 'Service Unavailable', VIEWS_BEHIND)(target, name, descriptor);
  };
}
