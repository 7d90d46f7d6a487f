import { PASSWORD_BYTES_MAX } from '../../config/password-limits.js';

/** The fewest characters of a password (NIST SP 800-63B, 5.1.1.2). */
export const PASSWORD_CHARACTERS_MIN = 8;

const EMAIL = /^[^\s@]+@[^\s@]+$/;
const EMAIL_CHARACTERS_MAX = 254;
const NAME_CHARACTERS_MAX = 200;
const UNPRINTABLE = /[\p{Cc}\p{Zl}\p{Zp}]/u;

/** Why something about a new account cannot be as it was given. */
export type AccountFault =
  | 'username_invalid'
  | 'password_too_short'
  | 'password_too_long'
  | 'email_invalid'
  | 'name_invalid';

/** What is wrong with a password; undefined: nothing. What it is made of is its owner's business. */
export function passwordFault(password: string): AccountFault | undefined {
  if (isPasswordTooLong(password)) return 'password_too_long';
  if (Array.from(password).length < PASSWORD_CHARACTERS_MIN) return 'password_too_short';
  return undefined;
}

/** Whether a password has more than `PASSWORD_BYTES_MAX` bytes. */
export function isPasswordTooLong(password: string): boolean {
  // Whatever has more characters has more bytes, and is not encoded to find out.
  if (password.length > PASSWORD_BYTES_MAX) return true;
  return new TextEncoder().encode(password).length > PASSWORD_BYTES_MAX;
}

/** What is wrong with a profile; undefined: nothing. */
export function profileFault(profile: {
  readonly email?: string | undefined;
  readonly name?: string | undefined;
}): AccountFault | undefined {
  const { email, name } = profile;
  if (email !== undefined && !(EMAIL.test(email) && isLine(email, EMAIL_CHARACTERS_MAX))) {
    return 'email_invalid';
  }
  return name === undefined || isLine(name, NAME_CHARACTERS_MAX) ? undefined : 'name_invalid';
}

function isLine(text: string, charactersMax: number): boolean {
  const isPrintable = text.isWellFormed() && !UNPRINTABLE.test(text);
  return isPrintable && text.trim() !== '' && text.length <= charactersMax;
}
