/** One start tag as a browser would read it. */
export interface Element {
  readonly name: string;
  readonly attributes: ReadonlyMap<string, string>;
}

const tagPattern = /<(\/?)([a-z][a-z0-9]*)((?:\s+[^\s=>"']+(?:="[^"]*")?)*)\s*(\/?)>/giu;
const attributePattern = /([^\s=>"']+)(?:="([^"]*)")?/gu;
const voidElements = new Set(['meta', 'link', 'input', 'img', 'br', 'hr']);

function readAttributes(text: string): Map<string, string> {
  const attributes = new Map<string, string>();
  for (const [, name = '', value = ''] of text.matchAll(attributePattern)) {
    if (attributes.has(name)) throw new Error(`the attribute ${name} is given twice`);
    attributes.set(name, value);
  }
  return attributes;
}

/**
 * Reads the start tags of a document in order; throws when an element is not closed where it should
 * be, or when a "<" remains that belongs to no tag.
 */
export function readElements(html: string): Element[] {
  const elements: Element[] = [];
  const open: string[] = [];
  for (const [, slash, name = '', attributes = '', selfClosing] of html.matchAll(tagPattern)) {
    if (slash === '/') {
      const expected = open.pop();
      if (expected !== name) throw new Error(`</${name}> closes <${String(expected)}>`);
      continue;
    }
    elements.push({ name, attributes: readAttributes(attributes) });
    if (selfClosing !== '/' && !voidElements.has(name)) open.push(name);
  }
  if (open.length > 0) throw new Error(`never closed: ${open.join(', ')}`);
  const remains = html.replace(/^<!doctype html>/u, '').replace(tagPattern, '');
  if (/[<>]/u.test(remains)) throw new Error('a bracket belongs to no tag');
  return elements;
}

/** Finds the only element with this name and attribute value; throws when there is not exactly one. */
export function onlyElement(html: string, name: string, key: string, value: string): Element {
  const found = readElements(html).filter(
    (element) => element.name === name && element.attributes.get(key) === value,
  );
  const [element] = found;
  if (element === undefined || found.length !== 1) {
    throw new Error(`${String(found.length)} elements are <${name} ${key}="${value}">`);
  }
  return element;
}

/** The text of a document's body without tags, character references decoded, spaces collapsed. */
export function readText(html: string): string {
  return html
    .replace(/^[\s\S]*<body>/u, '')
    .replace(/<\/?[a-z][^>]*>/giu, '')
    .replace(/&lt;/gu, '<')
    .replace(/&gt;/gu, '>')
    .replace(/&quot;/gu, '"')
    .replace(/&#39;/gu, "'")
    .replace(/&amp;/gu, '&')
    .replace(/\s+/gu, ' ')
    .trim();
}
