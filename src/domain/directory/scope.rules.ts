/** How many scope tokens one list may have, and how many characters in all. */
export const SCOPE_TOKENS_MAX = 64;
/** How many characters a scope parameter may have. */
export const SCOPE_CHARACTERS_MAX = 1000;

const SCOPE_TOKEN = /^[\x21\x23-\x5b\x5d-\x7e]{1,256}$/;

/**
 * Reads a scope parameter (RFC 6749, 3.3) into its tokens, sorted and without repetitions. Undefined
 * when it is empty, holds a character that no scope may, or is absurdly long.
 */
export function parseScope(text: string): string[] | undefined {
  if (text.length > SCOPE_CHARACTERS_MAX) return undefined;
  const tokens = text.split(' ').filter((token) => token !== '');
  if (tokens.length === 0 || tokens.length > SCOPE_TOKENS_MAX) return undefined;
  if (!tokens.every((token) => SCOPE_TOKEN.test(token))) return undefined;
  return [...new Set(tokens)].sort();
}
