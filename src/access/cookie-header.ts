/** A cookie to set (RFC 6265). */
export interface Cookie {
  readonly name: string;
  /** Base64url, or empty to remove it. */
  readonly value: string;
  readonly maxAgeSeconds: number;
  /** Whether it only travels over https. */
  readonly secure: boolean;
}

/** A cookie's name: `__Host-` binds it to this host and https (RFC 6265bis, 4.1.3.2). */
export function cookieName(name: string, secure: boolean): string {
  return secure ? `__Host-${name}` : name;
}

/** The value of a cookie of this name in a `Cookie` header; attacker-controlled. */
export function readCookie(header: string | undefined, name: string): string | undefined {
  if (header === undefined) return undefined;
  for (const pair of header.split(';')) {
    const separator = pair.indexOf('=');
    if (separator > 0 && pair.slice(0, separator).trim() === name) {
      return pair.slice(separator + 1).trim();
    }
  }
  return undefined;
}

/** The `Set-Cookie` header of a cookie that no script reads and no other site's post carries. */
export function setCookieHeader({ name, value, maxAgeSeconds, secure }: Cookie): string {
  const attributes = ['Path=/', `Max-Age=${maxAgeSeconds}`, 'HttpOnly', 'SameSite=Lax'];
  if (secure) attributes.push('Secure');
  return [`${name}=${value}`, ...attributes].join('; ');
}
