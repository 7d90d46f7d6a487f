// @ts-check
/** An answer that is not what was asked for. */
export class AnswerRefused extends Error {}

/**
 * Whether it looks like an opaque token.
 * @param {unknown} token
 */
export function isToken(token) {
  return typeof token === 'string' && /^[\w.~-]{16,}$/.test(token);
}

/**
 * Whether it looks like a signed JWT.
 * @param {unknown} token
 */
export function isJwt(token) {
  return typeof token === 'string' && /^[\w-]+\.[\w-]+\.[\w-]+$/.test(token);
}
