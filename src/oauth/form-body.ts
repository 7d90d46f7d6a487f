import type { FastifyRequest } from 'fastify';
import { formBodyOf, queryOf } from '../access/posted-form.js';
import { OAuthError } from './oauth.error.js';
import { ParameterFault, Parameters } from './parameters.js';

/**
 * The parameters of a form-encoded POST, none of them repeated. The body comes raw from the server's
 * parser. Throws an OAuthError `invalid_request`.
 */
export function formParameters(request: FastifyRequest): Parameters {
  const parameters = readForm(request);
  if (parameters.repeated.size > 0) {
    throw new OAuthError('invalid_request', 'a parameter is repeated');
  }
  return parameters;
}

/** The same, where the caller deals with repeated parameters itself. */
export function readForm(request: FastifyRequest): Parameters {
  const body = formBodyOf(request);
  if (body === undefined) {
    const description = 'the body must be application/x-www-form-urlencoded';
    throw new OAuthError('invalid_request', description);
  }
  return readParameters(() => Parameters.parseBody(body));
}

/** The parameters of the URL's query. Throws an OAuthError `invalid_request`. */
export function queryParameters(request: FastifyRequest): Parameters {
  return readParameters(() => Parameters.parse(queryOf(request)));
}

function readParameters(read: () => Parameters): Parameters {
  try {
    return read();
  } catch (error) {
    if (!(error instanceof ParameterFault)) throw error;
    throw new OAuthError('invalid_request', error.message, { cause: error });
  }
}
