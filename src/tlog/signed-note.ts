import { createPublicKey, sign, verify, type KeyObject } from 'node:crypto';
import { decodeBase64 } from './base64.js';
import { isKeyName, isNoteText } from './note-text.js';
import { KEY_ID_BYTES, noteVerifier, type NoteVerifier } from './verifier-key.js';

/** A key that notes are signed with: its name, and an Ed25519 private key. */
export interface NoteSigner {
  readonly name: string;
  readonly privateKey: KeyObject;
}

/** One signature of a note. */
export interface NoteSignature {
  readonly name: string;
  /** As in `NoteVerifier`. */
  readonly keyId: string;
  readonly signature: Buffer;
}

/** Why a note is refused. */
export type NoteFault =
  | 'malformed_note'
  | 'too_many_signatures'
  | 'ambiguous_key'
  | 'invalid_signature'
  | 'no_known_signature';

/** What `openNote` made of a note. */
export type OpenedNote =
  | {
      readonly kind: 'opened';
      /** What was signed, with the newline at its end. */
      readonly text: string;
      /** At least one; each key once. */
      readonly verified: readonly NoteSignature[];
      /** Of keys that are not known: they prove nothing. */
      readonly unverified: readonly NoteSignature[];
    }
  | { readonly kind: 'refused'; readonly reason: NoteFault };

/** As many as Go's sumdb/note accepts; C2SP signed-note asks for 16 at least. */
const SIGNATURES_MAX = 100;

/**
 * Signs a text as a note: the text, an empty line, and the signature's line (C2SP signed-note,
 * "Format"). Throws a RangeError for a text that `isNoteText` refuses, a name that `isKeyName`
 * refuses, and what is not an Ed25519 private key. All of it is ours, even if others chose words of
 * the text.
 */
export function signNote(text: string, signer: NoteSigner): string {
  if (!isNoteText(text)) throw new RangeError('a note must be lines of text');
  if (signer.privateKey.type !== 'private') throw new RangeError('a note needs a private key');
  const { name, keyId } = noteVerifier(signer.name, createPublicKey(signer.privateKey));
  const signature = sign(null, Buffer.from(text), signer.privateKey);
  const line = Buffer.concat([Buffer.from(keyId, 'hex'), signature]).toString('base64');
  return `${text}\n— ${name} ${line}\n`;
}

/**
 * Opens a note with the keys that are trusted (C2SP signed-note, "Signatures"). The note is
 * attacker-controlled, and nothing is thrown. Signatures of unknown keys are ignored; every
 * signature of a known key must verify, and there must be one. A line that is repeated counts once.
 */
export function openNote(
  note: string | Uint8Array,
  verifiers: readonly NoteVerifier[],
): OpenedNote {
  const parsed = parseNote(note);
  if (typeof parsed === 'string') return refused(parsed);

  const { text, signatures } = parsed;
  const signed = Buffer.from(text);
  // By key: one key can make many signatures, and must not count as many.
  const verified = new Map<string, NoteSignature>();
  const unverified: NoteSignature[] = [];
  for (const signature of signatures) {
    const { name, keyId } = signature;
    const [verifier, ...others] = verifiers.filter(
      (known) => known.name === name && known.keyId === keyId,
    );
    if (verifier === undefined) {
      unverified.push(signature);
      continue;
    }
    if (others.length > 0) return refused('ambiguous_key');
    if (!verify(null, signed, verifier.publicKey, signature.signature)) {
      return refused('invalid_signature');
    }
    verified.set(`${name} ${keyId}`, signature);
  }
  if (verified.size === 0) return refused('no_known_signature');
  return { kind: 'opened', text, verified: [...verified.values()], unverified };
}

interface ParsedNote {
  readonly text: string;
  readonly signatures: readonly NoteSignature[];
}

function parseNote(note: string | Uint8Array): ParsedNote | NoteFault {
  const whole = typeof note === 'string' ? note : decodeUtf8(note);
  if (whole === undefined || !isNoteText(whole)) return 'malformed_note';
  // The last empty line of the note, for the text may have empty lines too.
  const end = whole.lastIndexOf('\n\n');
  if (end === -1) return 'malformed_note';
  const lines = whole.slice(end + 2, -1).split('\n', SIGNATURES_MAX + 1);
  if (lines.length > SIGNATURES_MAX) return 'too_many_signatures';
  const signatures: NoteSignature[] = [];
  for (const line of new Set(lines)) {
    const signature = parseSignature(line);
    if (signature === undefined) return 'malformed_note';
    signatures.push(signature);
  }
  return { text: whole.slice(0, end + 1), signatures };
}

function parseSignature(line: string): NoteSignature | undefined {
  const [, name, base64] = /^— ([^ ]+) ([^ ]+)$/.exec(line) ?? [];
  if (name === undefined || base64 === undefined || !isKeyName(name)) return undefined;
  const bytes = decodeBase64(base64);
  if (bytes === undefined || bytes.length <= KEY_ID_BYTES) return undefined;
  const keyId = bytes.toString('hex', 0, KEY_ID_BYTES);
  return { name, keyId, signature: bytes.subarray(KEY_ID_BYTES) };
}

function decodeUtf8(bytes: Uint8Array): string | undefined {
  const text = Buffer.from(bytes).toString('utf8');
  return Buffer.compare(Buffer.from(text), bytes) === 0 ? text : undefined;
}

function refused(reason: NoteFault): OpenedNote {
  return { kind: 'refused', reason };
}
