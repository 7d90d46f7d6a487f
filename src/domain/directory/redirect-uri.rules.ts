import type { ClientMetadata } from '../events/directory.events.js';

type ApplicationType = ClientMetadata['applicationType'];

/** How many characters a URI of a client may have. */
export const URI_CHARACTERS_MAX = 2048;

/** The characters that RFC 3986 allows, without the fragment's `#`. */
const URI_CHARACTERS = /^[A-Za-z0-9\-._~:/?[\]@!$&'()*+,;=%]+$/;
const WEB_AUTHORITY = /^https?:\/\/([^/?]+)/i;
const LOOPBACK_HOST = /^(?:localhost|127\.0\.0\.1|\[::1\])(?::\d+)?$/i;
/** RFC 8252, 7.1: a domain name in reverse order, so never `javascript:`, `data:` or `file:`. */
const PRIVATE_USE = /^[a-z][a-z0-9+-]*(?:\.[a-z0-9+-]+)+:\/./i;
const LOOPBACK_ADDRESS = /^(http:\/\/(?:127\.0\.0\.1|\[::1\]))(?::(\d{1,5}))?(?=[/?]|$)(.*)$/;

/**
 * Why a URI cannot be a redirect URI, or undefined when it can: https, http on loopback, and for
 * native applications private-use schemes (RFC 6749, 3.1.2; RFC 8252, 7; RFC 9700, 2.1).
 */
export function redirectUriFault(
  uri: string,
  applicationType: ApplicationType,
): string | undefined {
  if (uri.length > URI_CHARACTERS_MAX) return `must have at most ${URI_CHARACTERS_MAX} characters`;
  if (uri.includes('#')) return 'must have no fragment';
  if (!URI_CHARACTERS.test(uri)) return 'must have only the characters of a URI';
  if (!URL.canParse(uri)) return 'must be an absolute URI';
  const authority = WEB_AUTHORITY.exec(uri)?.[1];
  if (authority === undefined) {
    return applicationType === 'native' && PRIVATE_USE.test(uri)
      ? undefined
      : 'must be https, http on loopback, or for a native application a scheme like com.example.app:/';
  }
  if (authority.includes('@')) return 'must have no user information';
  if (authority.includes('*')) return 'must have no wildcard';
  const isSecure = new URL(uri).protocol === 'https:';
  return isSecure || LOOPBACK_HOST.test(authority)
    ? undefined
    : 'must be https unless its host is localhost, 127.0.0.1 or [::1]';
}

/**
 * Whether a presented redirect URI is this registered one: the same string (RFC 9700, 2.1), except
 * that a native application may listen on any port of a loopback address (RFC 8252, 7.3).
 */
export function redirectUriMatches(
  registered: string,
  presented: string,
  applicationType: ApplicationType,
): boolean {
  if (registered === presented) return true;
  if (applicationType !== 'native' || presented.length > URI_CHARACTERS_MAX) return false;
  const expected = LOOPBACK_ADDRESS.exec(registered);
  const given = LOOPBACK_ADDRESS.exec(presented);
  if (expected === null || given === null) return false;
  const [, expectedHost, , expectedRest] = expected;
  const [, host, port, rest] = given;
  return host === expectedHost && rest === expectedRest && Number(port ?? 80) <= 65_535;
}

/** Whether a presented redirect URI is one that the client registered. */
export function isRegisteredRedirectUri(
  client: Pick<ClientMetadata, 'applicationType' | 'redirectUris'>,
  presented: string,
): boolean {
  return client.redirectUris.some((registered) =>
    redirectUriMatches(registered, presented, client.applicationType),
  );
}

/**
 * Whether a browser may be sent there after signing out: exactly a URI that the client registered for
 * that, whatever its kind (OIDC RP-Initiated Logout, 2).
 */
export function isRegisteredPostLogoutUri(
  client: Pick<ClientMetadata, 'postLogoutRedirectUris'>,
  presented: string,
): boolean {
  return client.postLogoutRedirectUris?.includes(presented) === true;
}

/** Whether a text can be a client's home page: an https URL that a browser shows as it is. */
export function isHomePage(uri: string): boolean {
  if (uri.length > URI_CHARACTERS_MAX || !URI_CHARACTERS.test(uri.replace('#', ''))) return false;
  const authority = WEB_AUTHORITY.exec(uri)?.[1];
  if (authority === undefined || authority.includes('@') || !URL.canParse(uri)) return false;
  return new URL(uri).protocol === 'https:';
}
