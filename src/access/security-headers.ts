/** What decides the security headers of a page. */
export interface PageSecurity {
  /** Whether the issuer is https. */
  readonly secure: boolean;
  /** Origins or schemes, besides this server, that a form of the page may lead to. */
  readonly formActions?: readonly string[] | undefined;
}

const SOURCE = /^(?:https?:\/\/[a-z0-9.\-:]+(?::\*)?|[a-z][a-z0-9+.-]*:)$/i;

/**
 * The headers of a page of ours: no script, nothing from elsewhere, in nobody's frame. Throws a
 * TypeError for a form action that is not an origin or a scheme: it could widen the policy.
 */
export function securityHeaders({
  secure,
  formActions = [],
}: PageSecurity): Record<string, string> {
  const foreign = formActions.find((source) => !SOURCE.test(source));
  if (foreign !== undefined) throw new TypeError('a form action must be an origin or a scheme');
  const policy = [
    "default-src 'none'",
    "style-src 'self'",
    "img-src 'self' data:",
    "base-uri 'none'",
    "frame-ancestors 'none'",
    ["form-action 'self'", ...formActions].join(' '),
  ];
  return {
    'content-security-policy': policy.join('; '),
    'x-content-type-options': 'nosniff',
    'x-frame-options': 'DENY',
    // Under no-referrer a browser posts our forms with `Origin: null`.
    'referrer-policy': 'same-origin',
    ...(secure ? { 'strict-transport-security': 'max-age=31536000' } : {}),
  };
}

/** What a redirect URI is named by in `form-action`: its origin, or its private-use scheme. */
export function formActionOf(redirectUri: string): string {
  const { protocol, host } = new URL(redirectUri);
  const isWeb = protocol === 'https:' || protocol === 'http:';
  // A policy cannot name an IPv6 address (CSP 3, 2.3.1), so its scheme has to do.
  return isWeb && !host.startsWith('[') ? `${protocol}//${host}` : protocol;
}
