// oxlint-disable-next-line no-control-regex -- these are the characters to be refused
const CONTROL_CHARACTER = /[\u0000-\u0009\u000b-\u001f]/;

/**
 * Whether a text can be signed as a note: well-formed, without control characters but newline, and
 * with a newline at its end (C2SP signed-note, "Format"). The text may be attacker-controlled.
 */
export function isNoteText(text: string): boolean {
  return text.endsWith('\n') && text.isWellFormed() && !CONTROL_CHARACTER.test(text);
}

/**
 * Whether a text can name a key: not empty, without Unicode spaces, plus signs and control
 * characters (C2SP signed-note, "Format"). The text may be attacker-controlled.
 */
export function isKeyName(name: string): boolean {
  return /^[^\p{White_Space}+]+$/u.test(name) && isNoteText(`${name}\n`);
}
