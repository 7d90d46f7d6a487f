/** A button that sends a form. */
export interface FormButton {
  readonly name: string;
  readonly value: string;
  readonly text: string;
}

/** A form as a browser without scripts would read it. */
export interface HtmlForm {
  readonly method: string;
  readonly action: string;
  /** The `input` elements by name, with their values; buttons apart. */
  readonly fields: ReadonlyMap<string, string>;
  /** Attributes of the `input` elements by name. */
  readonly inputs: ReadonlyMap<string, ReadonlyMap<string, string>>;
  readonly buttons: readonly FormButton[];
}

type Token =
  | { readonly kind: 'start' | 'end'; readonly name: string; readonly attributes: Attributes }
  | { readonly kind: 'text'; readonly text: string };
type Attributes = ReadonlyMap<string, string>;

interface OpenForm {
  readonly attributes: Attributes;
  readonly fields: Map<string, string>;
  readonly inputs: Map<string, Attributes>;
  readonly buttons: FormButton[];
}

/** What is between the tags of these is no markup (HTML, 13.2.5.1). */
const TEXT_ONLY = new Set(['script', 'style', 'textarea', 'title']);
const SPACE = /\s/;

/** The forms of a document, in order. Throws an Error for markup that ends in the middle of a tag. */
export function readForms(html: string): HtmlForm[] {
  const forms: HtmlForm[] = [];
  let open: OpenForm | undefined;
  let button: { attributes: Attributes; text: string } | undefined;
  for (const token of tokens(html)) {
    if (token.kind === 'text') {
      if (button !== undefined) button.text += token.text;
      continue;
    }
    const { kind, name, attributes } = token;
    if (name === 'form' && kind === 'start') {
      open = { attributes, fields: new Map(), inputs: new Map(), buttons: [] };
    } else if (name === 'form' && open !== undefined) {
      forms.push(formOf(open));
      open = undefined;
    } else if (name === 'input' && open !== undefined) {
      const field = attributes.get('name');
      if (field === undefined) continue;
      open.fields.set(field, attributes.get('value') ?? '');
      open.inputs.set(field, attributes);
    } else if (name === 'button' && kind === 'start') {
      button = { attributes, text: '' };
    } else if (name === 'button' && button !== undefined) {
      open?.buttons.push(buttonOf(button));
      button = undefined;
    }
  }
  return forms;
}

/** The text of a document that a person would read, spaces collapsed. */
export function readText(html: string): string {
  const body = html.slice(Math.max(0, html.indexOf('<body')));
  return [...tokens(body)]
    .map((token) => (token.kind === 'text' ? token.text : ''))
    .join('')
    .replaceAll(/\s+/g, ' ')
    .trim();
}

function formOf({ attributes, fields, inputs, buttons }: OpenForm): HtmlForm {
  const method = (attributes.get('method') ?? 'get').toUpperCase();
  return { method, action: attributes.get('action') ?? '', fields, inputs, buttons };
}

function buttonOf({ attributes, text }: { attributes: Attributes; text: string }): FormButton {
  return {
    name: attributes.get('name') ?? '',
    value: attributes.get('value') ?? '',
    text: text.trim(),
  };
}

function* tokens(html: string): Generator<Token> {
  let at = 0;
  while (at < html.length) {
    const bracket = html.indexOf('<', at);
    const end = bracket === -1 ? html.length : bracket;
    if (end > at) yield { kind: 'text', text: decodeReferences(html.slice(at, end)) };
    if (bracket === -1) return;
    if (html.startsWith('<!--', bracket)) {
      at = after(html, '-->', bracket);
    } else if (html.startsWith('<!', bracket)) {
      at = after(html, '>', bracket);
    } else {
      const tag = readTag(html, bracket);
      at = tag.end;
      yield tag.token;
      const isTextOnly = tag.token.kind === 'start' && TEXT_ONLY.has(tag.token.name);
      if (isTextOnly) at = Math.max(at, html.indexOf(`</${tag.token.name}`, at));
    }
  }
}

function readTag(
  html: string,
  bracket: number,
): { token: Extract<Token, { name: string }>; end: number } {
  const kind = html[bracket + 1] === '/' ? 'end' : 'start';
  let at = kind === 'end' ? bracket + 2 : bracket + 1;
  const name = until(html, at, /[\s/>]/);
  at += name.length;
  const attributes = new Map<string, string>();
  for (;;) {
    while (at < html.length && (SPACE.test(html[at] ?? '') || html[at] === '/')) at += 1;
    if (at >= html.length) throw new Error('the markup ends inside a tag');
    if (html[at] === '>') break;
    const attribute = until(html, at, /[\s/>=]/);
    if (attribute === '') throw new Error(`no attribute at "${html.slice(at, at + 20)}"`);
    at += attribute.length;
    let value = '';
    if (html[at] === '=') {
      const quote = html[at + 1];
      if (quote === '"' || quote === "'") {
        const close = html.indexOf(quote, at + 2);
        if (close === -1) throw new Error('the markup ends inside an attribute');
        value = html.slice(at + 2, close);
        at = close + 1;
      } else {
        value = until(html, at + 1, /[\s>]/);
        at += 1 + value.length;
      }
    }
    if (attributes.has(attribute)) throw new Error(`the attribute ${attribute} stands twice`);
    attributes.set(attribute.toLowerCase(), decodeReferences(value));
  }
  return { token: { kind, name: name.toLowerCase(), attributes }, end: at + 1 };
}

function until(text: string, from: number, stop: RegExp): string {
  let at = from;
  while (at < text.length && !stop.test(text[at] ?? '')) at += 1;
  return text.slice(from, at);
}

function after(text: string, mark: string, from: number): number {
  const found = text.indexOf(mark, from);
  return found === -1 ? text.length : found + mark.length;
}

const NAMED: Readonly<Record<string, string>> = {
  amp: '&',
  lt: '<',
  gt: '>',
  quot: '"',
  apos: "'",
  nbsp: '\u00a0',
};

function decodeReferences(text: string): string {
  return text.replaceAll(/&(?:#(\d+)|#x([0-9a-f]+)|([a-z]+));/gi, (whole, decimal, hex, name) => {
    if (decimal !== undefined) return String.fromCodePoint(Number(decimal));
    if (hex !== undefined) return String.fromCodePoint(Number.parseInt(String(hex), 16));
    return NAMED[String(name)] ?? whole;
  });
}
