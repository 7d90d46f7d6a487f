/** How many characters a user name may have, after it was normalised. */
export const USERNAME_CHARACTERS_MAX = 128;

/** Control, format and private characters, line separators: nothing that two names could hide in. */
const FORBIDDEN = /[\p{C}\p{Zl}\p{Zp}]/u;

/**
 * The one form of a user name that counts, so that `Ana`, ` ana` and fullwidth letters are one name:
 * trimmed, NFKC, lower case. Undefined when nothing is left, it is too long, or a character may not be.
 */
export function normaliseUsername(text: string): string | undefined {
  if (text.length > 4 * USERNAME_CHARACTERS_MAX || !text.isWellFormed()) return undefined;
  const name = text.normalize('NFKC').toLowerCase().normalize('NFKC').trim();
  if (name === '' || name.length > USERNAME_CHARACTERS_MAX) return undefined;
  return FORBIDDEN.test(name) ? undefined : name;
}
