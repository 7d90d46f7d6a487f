import { hash } from 'node:crypto';
import { canonicalJson } from '../../domain/canonical-json.js';
import type { Envelope, RecordedEvent } from '../../domain/envelope.js';
import type { Position, StreamId } from '../../domain/identifiers.js';
import { decodeBase64 } from '../../tlog/base64.js';
import { type Checkpoint, parseCheckpoint } from '../../tlog/checkpoint.js';
import { leafHash } from '../../tlog/merkle-tree.js';
import { verifyInclusion } from '../../tlog/proof-verification.js';
import { openNote } from '../../tlog/signed-note.js';
import { type NoteVerifier, parseVerifierKey } from '../../tlog/verifier-key.js';
import {
  BUNDLE_FORMAT,
  type BundledEvent,
  type BundleEvidence,
  bundleEvidence,
} from './bundle.evidence.js';
import { readBody, readEvents } from './bundle-events.js';
import { bundleFile, machinePartOf } from './bundle.file.js';
import { selectionFault } from './selection.check.js';

/** An empty line, one signature, and nothing after its newline. */
const LINES_AFTER_TEXT = 3;

/** Why a bundle is refused; the first thing that is wrong. */
export type BundleFault =
  | 'key_malformed'
  | 'evidence_missing'
  | 'evidence_malformed'
  | 'format_unknown'
  | 'note_refused'
  | 'checkpoint_malformed'
  | 'event_out_of_place'
  | 'event_malformed'
  | 'proof_wrong'
  | 'origin_wrong'
  | 'stream_broken'
  | 'selection_wrong'
  | 'report_differs';

/** What a verification found. */
export type BundleVerdict =
  | IntactBundle
  | {
      readonly kind: 'refused';
      readonly fault: BundleFault;
      readonly detail: string;
      readonly position?: Position;
    };

/** What a bundle that is intact says of itself. Who exported it and when is claimed, not proved. */
export interface IntactBundle extends Pick<BundleEvidence, 'asked' | 'exported'> {
  /** `unpinned`: all fits together, but nobody said which key to trust. */
  readonly kind: 'verified' | 'unpinned';
  readonly events: number;
  /** Events that committed to an origin which is not in the bundle: erased, or left out. */
  readonly originsAbsent: number;
  readonly checkpoint: { readonly origin: string; readonly size: number; readonly root: string };
  /** The name and the id of the key that the checkpoint is signed with. */
  readonly signedBy: string;
}

/** A check that failed. It is caught where the verdict is made. */
class Refused extends Error {
  constructor(
    readonly fault: BundleFault,
    readonly detail: string,
    readonly position?: Position,
  ) {
    super(detail);
    this.name = 'Refused';
  }
}

/**
 * Verifies a bundle from its text alone, against a verifier key that is trusted; without one, against
 * the key that the bundle brings along, which proves nothing about who made it. The text is
 * attacker-controlled; nothing is thrown.
 */
export function verifyBundle(file: string, trustedKey: string | undefined): BundleVerdict {
  try {
    const evidence = evidenceIn(file);
    const { verifierKey } = evidence.checkpoint;
    const verifier = verifierOf(trustedKey ?? verifierKey);
    const checkpoint = checkpointIn(evidence, verifier);
    if (verifierKey !== (trustedKey ?? verifierKey)) {
      throw new Refused('note_refused', 'the bundle names another verifier key');
    }
    checkEvents(evidence, checkpoint);
    const wrong = selectionFault(evidence.asked, readEvents(evidence.events));
    if (wrong !== undefined) throw new Refused('selection_wrong', wrong);
    checkReport(file, evidence);
    const { asked, exported, events } = evidence;
    const { origin, size, root } = checkpoint;
    return {
      kind: trustedKey === undefined ? 'unpinned' : 'verified',
      asked,
      exported,
      events: events.length,
      originsAbsent: events.filter(isOriginAbsent).length,
      checkpoint: { origin, size, root: Buffer.from(root).toString('base64') },
      signedBy: `${verifier.name}+${verifier.keyId}`,
    };
  } catch (error) {
    if (!(error instanceof Refused)) throw error;
    const { fault, detail, position } = error;
    return { kind: 'refused', fault, detail, ...(position === undefined ? {} : { position }) };
  }
}

function evidenceIn(file: string): BundleEvidence {
  const part = machinePartOf(file);
  if (part === undefined) throw new Refused('evidence_missing', 'the file is no evidence bundle');
  let value: unknown;
  try {
    value = JSON.parse(part);
  } catch {
    throw new Refused('evidence_malformed', 'the machine part is not JSON');
  }
  const format = (value as { format?: unknown } | null)?.format;
  if (typeof format === 'string' && format !== BUNDLE_FORMAT) {
    throw new Refused('format_unknown', 'the bundle has a form that this version does not know');
  }
  const { data, error } = bundleEvidence.safeParse(value);
  if (data !== undefined) return data;
  const place = error.issues[0]?.path.join('.') || 'the top';
  throw new Refused('evidence_malformed', `the machine part is wrong at ${place}`);
}

function verifierOf(key: string): NoteVerifier {
  const parsed = parseVerifierKey(key);
  if (parsed.kind === 'parsed') return parsed.verifier;
  throw new Refused('key_malformed', `the verifier key is none: ${parsed.reason}`);
}

function checkpointIn({ checkpoint }: BundleEvidence, verifier: NoteVerifier): Checkpoint {
  const opened = openNote(checkpoint.note, [verifier]);
  if (opened.kind === 'refused') {
    throw new Refused('note_refused', `the checkpoint is not signed by that key: ${opened.reason}`);
  }
  // What nobody vouches for has no place in what is verified: one signature, and it is this key's.
  if (checkpoint.note.slice(opened.text.length).split('\n').length !== LINES_AFTER_TEXT) {
    throw new Refused('note_refused', 'the checkpoint has more than the signature of that key');
  }
  const parsed = parseCheckpoint(opened.text);
  if (parsed.kind === 'refused') {
    throw new Refused('checkpoint_malformed', `the note is no checkpoint: ${parsed.reason}`);
  }
  if (parsed.checkpoint.origin !== verifier.name) {
    throw new Refused('checkpoint_malformed', 'the checkpoint is of another log than its key');
  }
  return parsed.checkpoint;
}

function checkEvents({ events, exported }: BundleEvidence, checkpoint: Checkpoint): void {
  let newest = checkpoint.size - 1;
  for (const position of exported.newer) {
    if (position <= newest) {
      throw new Refused('selection_wrong', 'what is said to be newer than the checkpoint is not');
    }
    newest = position;
  }
  const streams = new Map<StreamId, Envelope>();
  let before = -1;
  for (const bundled of events) {
    const { position } = bundled;
    if (position <= before) {
      throw new Refused('event_out_of_place', 'the events are not in order', position);
    }
    before = position;
    checkProof(bundled, checkpoint);
    const event = readBody(bundled.body);
    if ('fault' in event) throw new Refused('event_malformed', event.fault, position);
    checkOrigin(bundled, event);
    checkChain(event, streams.get(event.streamId), position);
    streams.set(event.streamId, event);
  }
}

function checkProof({ position, body, proof }: BundledEvent, { size, root }: Checkpoint): void {
  // Other base64 for the same bytes is no hash: then the proof is too short.
  const hashes = proof.flatMap((one) => decodeBase64(one) ?? []);
  if (verifyInclusion(leafHash(body), position, size, hashes, root)) return;
  throw new Refused('proof_wrong', 'the checkpoint does not cover this event as it is', position);
}

/** The commitment is computed here anew: who verifies shares no code with who wrote. */
function checkOrigin({ position, origin }: BundledEvent, event: Envelope): void {
  if (origin === null) return;
  const { salt, ...parts } = origin;
  const text = parts.address.isWellFormed() && parts.userAgent.isWellFormed();
  const bytes = Buffer.from(salt, 'base64url');
  const isExact = text && parts.requestId.isWellFormed() && bytes.toString('base64url') === salt;
  const opened = isExact && hash('sha256', saltedOrigin(bytes, parts), 'base64url');
  if (opened === event.originCommitment) return;
  const detail = 'its origin is not the one that the event committed to';
  throw new Refused('origin_wrong', detail, position);
}

function saltedOrigin(salt: Buffer, parts: Readonly<Record<string, string>>): Buffer {
  return Buffer.concat([salt, Buffer.from(canonicalJson(parts))]);
}

/** Bodies chain by their version: each stream is here from its beginning and without a gap. */
function checkChain(
  event: Envelope & Pick<RecordedEvent, 'data'>,
  last: Envelope | undefined,
  position: Position,
): void {
  const { streamId, streamVersion, recordedAt } = event;
  if (streamVersion !== (last?.streamVersion ?? 0) + 1) {
    throw new Refused('stream_broken', `${streamId} is not complete up to here`, position);
  }
  if (recordedAt < (last?.recordedAt ?? 0)) {
    throw new Refused('stream_broken', `${streamId} runs backwards in time`, position);
  }
}

function checkReport(file: string, evidence: BundleEvidence): void {
  let drawn: string | undefined;
  try {
    drawn = bundleFile(evidence);
  } catch {
    throw new Refused('report_differs', 'no report can be drawn from these events');
  }
  if (drawn === file) return;
  throw new Refused('report_differs', 'the report is not the one that the evidence makes');
}

function isOriginAbsent({ body, origin }: BundledEvent): boolean {
  return origin === null && 'originCommitment' in (JSON.parse(body) as Envelope);
}
