// Zero-width joiners and the emoji selector carry meaning in Persian, Indic scripts and emoji.
const invisible =
  /(?!\u200c|\u200d|\ufe0f)[\p{Cc}\p{Cf}\p{Cs}\p{Co}\p{Default_Ignorable_Code_Point}\u2800]/gu;
const stackedMarks = /(\p{M}{4})\p{M}+/gu;
const visible = /[\p{L}\p{N}\p{P}\p{S}]/u;

/**
 * Makes a value that a stranger chose fit to be read: one line, no invisible or direction-changing
 * characters (UTR 36, section 2.10), no towers of marks, at most `lengthMax` characters; returns
 * `fallback` when nothing visible is left. Escaping for HTML is still the template's work.
 */
export function displayText(value: string, lengthMax: number, fallback: string): string {
  const oneLine = value
    .replace(/\s+/gu, ' ')
    .replace(invisible, '')
    .replace(stackedMarks, '$1')
    .replace(/\s+/gu, ' ')
    .trim();
  if (!visible.test(oneLine)) return fallback;
  const characters = Array.from(oneLine);
  if (characters.length <= lengthMax) return oneLine;
  return `${characters
    .slice(0, lengthMax - 1)
    .join('')
    .trimEnd()}…`;
}
