/**
 * A redirect URI with an answer added to its query (RFC 6749, 3.1.2 and 4.1.2); members that are
 * undefined are left out.
 */
export function redirectLocation(
  redirectUri: string,
  answer: Readonly<Record<string, string | undefined>>,
): string {
  const query = new URLSearchParams();
  for (const [name, value] of Object.entries(answer)) {
    if (value !== undefined) query.set(name, value);
  }
  const text = query.toString();
  if (text === '') return redirectUri;
  return `${redirectUri}${redirectUri.includes('?') ? '&' : '?'}${text}`;
}
