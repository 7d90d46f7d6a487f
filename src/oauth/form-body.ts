import type { FastifyRequest } from 'fastify';
import { OAuthError } from './oauth.error.js';
import { ParameterFault, Parameters } from './parameters.js';

const FORM = /^application\/x-www-form-urlencoded(?:\s*;.*)?$/i;

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
  if (!FORM.test(request.headers['content-type'] ?? '') || !Buffer.isBuffer(request.body)) {
    const description = 'the body must be application/x-www-form-urlencoded';
    throw new OAuthError('invalid_request', description);
  }
  return readParameters(() => Parameters.parseBody(request.body as Buffer));
}

/** The parameters of the URL's query. Throws an OAuthError `invalid_request`. */
export function queryParameters(request: FastifyRequest): Parameters {
  const mark = request.url.indexOf('?');
  return readParameters(() => Parameters.parse(mark === -1 ? '' : request.url.slice(mark + 1)));
}

function readParameters(read: () => Parameters): Parameters {
  try {
    return read();
  } catch (error) {
    if (!(error instanceof ParameterFault)) throw error;
    throw new OAuthError('invalid_request', error.message, { cause: error });
  }
}
