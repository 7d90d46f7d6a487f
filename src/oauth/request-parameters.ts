import { judgeResources, type ResourceRules } from '../domain/directory/resource.rules.js';
import { parseScope } from '../domain/directory/scope.rules.js';
import { OAuthError } from './oauth.error.js';
import type { Parameters } from './parameters.js';

/** The scope asked for, sorted; undefined when none is named. Throws an OAuthError `invalid_scope`. */
export function requestedScope(parameters: Parameters): string[] | undefined {
  const text = parameters.get('scope');
  if (text === undefined) return undefined;
  const scope = parseScope(text);
  if (scope === undefined) throw new OAuthError('invalid_scope', 'scope is malformed');
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
  const audience = parameters.get('audience');
  const named = [...parameters.all('resource'), ...(audience === undefined ? [] : [audience])];
  if (named.length === 0) return undefined;
  const resources = judgeResources(named, rules);
  if (resources === undefined) {
    throw new OAuthError('invalid_target', 'the resource is unknown or malformed');
  }
  return resources;
}
