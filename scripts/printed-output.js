/** What a command tells meanwhile that takes long; on another day it does not. */
const PROGRESS = /^ *[\d,]+ of [\d,]+ events? \S.*\n/gm;

/** Whether a program printed what a document says; ids, times and addresses differ, `…` stands for anything. */
export function isAsPromised(printed, promised) {
  const pattern = normalized(promised)
    .split('…')
    .map((part) => part.replaceAll(/[.*+?^${}()|[\]\\]/g, String.raw`\$&`))
    .join(String.raw`[\s\S]*`);
  return new RegExp(`^${pattern}$`).test(normalized(printed.replaceAll(PROGRESS, '')));
}

/** The fenced blocks of a document, with the line that each begins at. */
export function blocksOf(document) {
  const blocks = document.matchAll(/^```(?<language>\w*)\n(?<text>.*?)^```$/gms);
  return [...blocks].map(({ index, groups: { language, text } }) => ({
    line: document.slice(0, index).split('\n').length,
    language,
    text,
  }));
}

/** What differs from one run to the next, made the same. */
function normalized(text) {
  return text
    .replaceAll(/\b[0-9a-f]{32}\b/g, '<id>')
    .replaceAll(/\btl[acr]_[\w-]{4}…[\w-]{8}/g, '<token>')
    .replaceAll(/(?<![\w-])(?=[\w-]*[A-Z\d])[\w-]{22}(?![\w-])/g, '<id>')
    .replaceAll(/(?<![\w-])[\w-]{43}(?![\w-])/g, '<digest>')
    .replaceAll(/(?<=<id>\+)[0-9a-f]{8}\b/g, '<key>')
    .replaceAll(/\b\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(?:\.\d{3})?Z/g, '<time>')
    .replaceAll(/\b\d+\.\d+ s\b/g, '<span>')
    .replaceAll(/\b\d+ s(?= at most\b)/g, '<span>')
    .replaceAll(/http:\/\/localhost:\d+/g, '<issuer>');
}
