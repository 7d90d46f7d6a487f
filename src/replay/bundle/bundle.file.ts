import { canonicalJson } from '../../domain/canonical-json.js';
import type { BundleEvidence } from './bundle.evidence.js';
import { reportDocument } from './report.document.js';

const BEFORE = '<script type="application/json" id="evidence">\n';
const AFTER = '\n</script>\n';

/**
 * A bundle as the one file it is: a report for people, with the machine part it was drawn from inside.
 * The same evidence is the same text, always: a file that is not, was changed.
 *
 * Throws an Error for events that no ledger can have recorded.
 */
export function bundleFile(evidence: BundleEvidence): string {
  // Inside a script nothing is HTML but `<`, which JSON can write in another way.
  const json = canonicalJson(evidence).replaceAll('<', '\\u003c');
  return reportDocument(evidence, `${BEFORE}${json}${AFTER}`);
}

/** The machine part of a file as it stands there; undefined: it has none, or several. */
export function machinePartOf(file: string): string | undefined {
  const begin = file.indexOf(BEFORE);
  if (begin === -1 || file.includes(BEFORE, begin + 1)) return undefined;
  const start = begin + BEFORE.length;
  const end = file.indexOf(AFTER, start);
  return end === -1 ? undefined : file.slice(start, end);
}
