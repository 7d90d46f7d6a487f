/** HTML that needs no escaping any more. */
export class Html {
  constructor(readonly text: string) {}
}

/** What can stand in HTML: text is escaped, numbers are written, lists are put together. */
export type HtmlPart = Html | string | number | null | readonly HtmlPart[];

const ENTITIES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
};

/**
 * Makes HTML of a template; whatever is put into it is escaped unless it is HTML itself. Its name is
 * one that no formatter knows: what stands in the templates is what comes out, to the byte.
 */
export function markup(literals: TemplateStringsArray, ...parts: readonly HtmlPart[]): Html {
  const text = literals.reduce((so, literal, index) => so + textOf(parts[index - 1]) + literal);
  return new Html(text);
}

/** A table with a head; nothing where there are no rows. */
export function htmlTable(head: readonly string[], rows: readonly (readonly HtmlPart[])[]): Html {
  if (rows.length === 0) return new Html('');
  const cells = (row: readonly HtmlPart[]): readonly Html[] =>
    row.map((cell) => markup`<td>${cell}</td>`);
  return markup`<table>
<thead><tr>${head.map((name) => markup`<th scope="col">${name}</th>`)}</tr></thead>
<tbody>
${rows.map((row) => markup`<tr>${cells(row)}</tr>\n`)}</tbody>
</table>
`;
}

/** Names with their values; those without a value are left out. */
export function htmlFacts(facts: readonly (readonly [name: string, value: HtmlPart])[]): Html {
  const known = facts.filter(([, value]) => value !== null && value !== '');
  return markup`<dl>
${known.map(([name, value]) => markup`<dt>${name}</dt><dd>${value}</dd>\n`)}</dl>
`;
}

function textOf(part: HtmlPart | undefined): string {
  if (part === undefined || part === null) return '';
  if (part instanceof Html) return part.text;
  if (typeof part === 'object') return part.map(textOf).join('');
  return printable(String(part)).replaceAll(/[&<>"']/g, (character) => ENTITIES[character] ?? '');
}

/** Controls and formatting characters would let a user agent rearrange what people read. */
function printable(text: string): string {
  return text.replaceAll(
    /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu,
    (character) => `\\u{${(character.codePointAt(0) ?? 0).toString(16)}}`,
  );
}
