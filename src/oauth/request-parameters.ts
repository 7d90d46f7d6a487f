import { judgeResources, type ResourceRules } from '../domain/directory/resource.rules.js';
import { parseScope } from '../domain/directory/scope.rules.js';
import type { AccessRequest, ResourceRequest } from '../domain/token-family/access-token.rules.js';
import { OAuthError } from './oauth.error.js';
import type { Parameters } from './parameters.js';

/** The scope asked for, sorted; undefined when none is named. Throws an OAuthError `invalid_scope`. */
export function requestedScope(parameters: Parameters): string[] | undefined {
  const scope = namedScope(parameters);
  if (scope === 'malformed') throw new OAuthError('invalid_scope', 'scope is malformed');
  return scope;
}

/**
 * The resources asked for by `resource` (RFC 8707) or `audience`, sorted; undefined when none is
 * named. Throws an OAuthError `invalid_target` for what is no absolute URI, or not allowed.
 */
export function requestedResources(
  parameters: Parameters,
  rules: ResourceRules,
): string[] | undefined {
  const resources = namedResources(parameters, rules);
  if (resources === 'malformed') {
    throw new OAuthError('invalid_target', 'the resource is unknown or malformed');
  }
  return resources;
}

/** Whom a token is asked for, sorted. What is malformed is a fault, to be refused in its turn. */
export function resourceRequestOf(parameters: Parameters, rules: ResourceRules): ResourceRequest {
  const resources = namedResources(parameters, rules);
  return resources === 'malformed' ? { fault: 'invalid_target' } : { resources };
}

/** What a token is asked for, sorted. What is malformed is a fault, to be refused in its turn. */
export function accessRequestOf(parameters: Parameters, rules: ResourceRules): AccessRequest {
  const scope = namedScope(parameters);
  if (scope === 'malformed') return { fault: 'invalid_scope' };
  const { resources, fault } = resourceRequestOf(parameters, rules);
  return { scope, resources, fault };
}

function namedScope(parameters: Parameters): string[] | 'malformed' | undefined {
  const text = parameters.get('scope');
  return text === undefined ? undefined : (parseScope(text) ?? 'malformed');
}

function namedResources(
  parameters: Parameters,
  rules: ResourceRules,
): string[] | 'malformed' | undefined {
  const audience = parameters.get('audience');
  const named = [...parameters.all('resource'), ...(audience === undefined ? [] : [audience])];
  return named.length === 0 ? undefined : (judgeResources(named, rules) ?? 'malformed');
}
