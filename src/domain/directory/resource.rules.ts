import { operatorAudienceOf } from './operator-scopes.rules.js';

const RESOURCES_MAX = 8;
const RESOURCE_CHARACTERS_MAX = 500;
const VISIBLE_ASCII = /^[\x21-\x7e]+$/;

/** Which resources the service lets anybody ask for. */
export interface ResourceRules {
  readonly issuer: string;
  /** Undefined: any. */
  readonly resources: readonly string[] | undefined;
}

/**
 * The resources that a request names by `resource` (RFC 8707) or `audience`, sorted and each once;
 * undefined when one is no absolute URI without a fragment, is not allowed, or there are too many.
 */
export function judgeResources(
  named: readonly string[],
  rules: ResourceRules,
): string[] | undefined {
  const resources = [...new Set(named)].sort();
  if (resources.length > RESOURCES_MAX) return undefined;
  return resources.every((uri) => isAllowed(uri, rules)) ? resources : undefined;
}

function isAllowed(uri: string, { issuer, resources }: ResourceRules): boolean {
  if (uri.length > RESOURCE_CHARACTERS_MAX || uri.includes('#')) return false;
  if (!VISIBLE_ASCII.test(uri) || !URL.canParse(uri)) return false;
  if (resources === undefined || uri === issuer || uri === operatorAudienceOf(issuer)) return true;
  return resources.includes(uri);
}
