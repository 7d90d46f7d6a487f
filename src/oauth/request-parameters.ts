import { operatorAudienceOf } from '../domain/directory/operator-scopes.rules.js';
import { parseScope } from '../domain/directory/scope.rules.js';
import { OAuthError } from './oauth.error.js';
import type { Parameters } from './parameters.js';

const RESOURCES_MAX = 8;
const RESOURCE_CHARACTERS_MAX = 500;

/** The scope asked for, sorted; undefined when none is named. Throws an OAuthError `invalid_scope`. */
export function requestedScope(parameters: Parameters): string[] | undefined {
  const text = parameters.get('scope');
  if (text === undefined) return undefined;
  const scope = parseScope(text);
  if (scope === undefined) throw new OAuthError('invalid_scope', 'scope is malformed');
  return scope;
}

/** Which resources the service lets anybody ask for. */
export interface ResourceRules {
  readonly issuer: string;
  /** Undefined: any. */
  readonly resources: readonly string[] | undefined;
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
  const resources = [...new Set(named)].sort();
  if (resources.length > RESOURCES_MAX || !resources.every((uri) => isAllowed(uri, rules))) {
    throw new OAuthError('invalid_target', 'the resource is unknown or malformed');
  }
  return resources;
}

function isAllowed(uri: string, { issuer, resources }: ResourceRules): boolean {
  if (uri.length > RESOURCE_CHARACTERS_MAX || uri.includes('#') || !URL.canParse(uri)) return false;
  if (!/^[\x21-\x7e]+$/.test(uri)) return false;
  if (resources === undefined || uri === issuer || uri === operatorAudienceOf(issuer)) return true;
  return resources.includes(uri);
}
