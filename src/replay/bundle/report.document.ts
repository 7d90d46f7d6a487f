import { hash } from 'node:crypto';
import type { StreamId } from '../../domain/identifiers.js';
import type { BundleEvidence } from './bundle.evidence.js';
import { type ReadEvent, readEvents, streamsIn } from './bundle-events.js';
import { familyOfIncident } from './bundle.selection.js';
import { familySection } from './report-family.section.js';
import { incidentSection } from './report-incident.section.js';
import { Html, htmlFacts, htmlTable, markup } from './report.html.js';
import { reportStylesheet } from './report.stylesheet.js';
import { eventWords, instantWords, selectionWords } from './report.words.js';

const POLICY = `default-src 'none'; style-src 'sha256-${hash('sha256', reportStylesheet, 'base64')}'`;

/** So many incidents are told one by one: each is concluded from all events of its family. */
const INCIDENTS_TOLD_MAX = 100;

/**
 * The report of a bundle, complete, with the machine part before its end. It follows from the evidence
 * alone. Throws an Error for events that no ledger can have recorded.
 */
export function reportDocument(evidence: BundleEvidence, machinePart: string): string {
  const { asked, events } = evidence;
  const title = `${selectionWords[asked.kind]} ${asked.id}`;
  const read = readEvents(events);
  return markup`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${POLICY}">
<title>${title} · Evidence from Token Ledger</title>
<meta name="viewport" content="width=device-width, initial-scale=1">
<style>${new Html(reportStylesheet)}</style>
</head>
<body>
<header>
<p>Token Ledger · Evidence bundle</p>
<h1>${selectionWords[asked.kind]} <span class="id">${asked.id}</span></h1>
<p>${events.length} events, each with its proof. Times are UTC.</p>
</header>
<main>
${originPart(evidence)}${sections(read)}${timeline(read)}${proofPart(evidence)}</main>
<footer><p>This report was drawn from the machine-readable evidence inside this file. Verification draws it again and compares every byte.</p></footer>
${new Html(machinePart)}</body>
</html>
`.text;
}

function originPart({ exported }: BundleEvidence): Html {
  const { at, by, newer } = exported;
  const left =
    newer.length === 0
      ? null
      : markup`<p class="finding">Events at positions ${newer.join(', ')} were younger than the checkpoint when this was exported: they are not in here.</p>
`;
  return markup`${htmlFacts([
    ['Exported', at],
    ['By', by],
  ])}${left}`;
}

function sections(events: readonly ReadEvent[]): Html {
  const streams = streamsIn(events);
  const incidents = [...streams].filter(([streamId]) => streamId.startsWith('incident:'));
  const families = [...streams].filter(([streamId]) => streamId.startsWith('family:'));
  const untold = incidents.length - INCIDENTS_TOLD_MAX;
  const left = `${untold} older incidents stand in the timeline only.`;
  return markup`${untold > 0 ? markup`<p>${left}</p>\n` : null}${incidents
    .slice(-INCIDENTS_TOLD_MAX)
    .map(([, own]) => incidentSection(own, familyOf(own, streams)))}${families.map(
    ([streamId, own]) => familySection(streamId.slice('family:'.length), own),
  )}`;
}

function familyOf(
  incident: readonly ReadEvent[],
  streams: ReadonlyMap<StreamId, readonly ReadEvent[]>,
): readonly ReadEvent[] {
  const streamId = familyOfIncident(incident.map(({ event }) => event));
  return (streamId && streams.get(streamId)) ?? [];
}

function timeline(events: readonly ReadEvent[]): Html {
  const rows = events.map(({ event, origin }) => {
    const isErased = origin === undefined && event.originCommitment !== undefined;
    const from = [origin?.address ?? '', markup`<small>${origin?.userAgent ?? ''}</small>`];
    return [
      event.position,
      instantWords(event.recordedAt),
      [event.type, markup`<small>${eventWords(event)}</small>`],
      event.streamId,
      event.actor,
      isErased ? 'erased' : from,
    ];
  });
  return markup`<section>
<h2>Timeline</h2>
${htmlTable(['Position', 'When', 'Event', 'Stream', 'By', 'From'], rows)}</section>
`;
}

function proofPart({ checkpoint }: BundleEvidence): Html {
  return markup`<section>
<h2>How to verify this</h2>
<p>Whoever runs the ledger publishes its verifier key: take it from there and not from this file.</p>
<pre>token-ledger verify-bundle FILE --key VERIFIER_KEY</pre>
<h3>The checkpoint that every event is proved against</h3>
<pre>${checkpoint.note.split('\n').map((line) => markup`${line}\n`)}</pre>
<h3>The verifier key, as the ledger states it</h3>
<pre>${checkpoint.verifierKey}</pre>
</section>
`;
}
