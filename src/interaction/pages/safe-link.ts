const placeholderOrigin = 'https://placeholder.invalid';

/**
 * Returns the address when it is safe as a link target, a path on this server or an http(s) URL
 * without credentials, and undefined for everything else (`javascript:`, `//host`, `data:` …).
 */
export function safeLink(address: string): string | undefined {
  const isPath = address.startsWith('/');
  // The URL parser drops tabs and line breaks, so a browser would read "/\t/host" as "//host".
  if (!URL.canParse(address, isPath ? placeholderOrigin : undefined)) return undefined;
  const url = new URL(address, isPath ? placeholderOrigin : undefined);
  if (isPath) {
    return url.origin === placeholderOrigin ? url.pathname + url.search + url.hash : undefined;
  }
  const isWeb = url.protocol === 'https:' || url.protocol === 'http:';
  return isWeb && url.username === '' && url.password === '' ? url.href : undefined;
}

/** Where an address leads, for a person to read: its host, or its scheme when that is not http(s). */
export function hostOf(address: string): string {
  const { protocol, host } = new URL(address);
  return protocol === 'https:' || protocol === 'http:' ? host : protocol;
}

/**
 * Returns the target of a form, and throws a TypeError when it is not a path on this server or an
 * http(s) URL: the server writes it, so anything else is a broken invariant.
 */
export function formTarget(action: string): string {
  const target = safeLink(action);
  if (target === undefined) throw new TypeError('a form may only be sent to a path or http(s) URL');
  return target;
}
