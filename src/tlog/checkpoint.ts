import { decodeBase64 } from './base64.js';
import { HASH_BYTES, isTreeSize } from './merkle-tree.js';
import { isNoteText } from './note-text.js';

/** The head of a log's tree, as a signed note states it (C2SP tlog-checkpoint). */
export interface Checkpoint {
  /** Which log this is: one line, not empty. */
  readonly origin: string;
  /** The number of leaves, 0 to 2^53 - 1. */
  readonly size: number;
  /** The root of the tree of that size, 32 bytes. */
  readonly root: Uint8Array;
  /** Further lines, none of them empty. */
  readonly extensions: readonly string[];
}

/** Why a text is no checkpoint. */
export type CheckpointFault =
  'malformed_text' | 'missing_line' | 'empty_line' | 'malformed_size' | 'malformed_root';

/** What `parseCheckpoint` made of a text. */
export type ParsedCheckpoint =
  | { readonly kind: 'parsed'; readonly checkpoint: Checkpoint }
  | { readonly kind: 'refused'; readonly reason: CheckpointFault };

/**
 * The text of a checkpoint, to be signed as a note: origin, size in decimal, root in base64,
 * extension lines, each with its newline (C2SP tlog-checkpoint, "Note text"). Throws a RangeError
 * for what `parseCheckpoint` would not read back: all of it is ours.
 */
export function formatCheckpoint({ origin, size, root, extensions }: Checkpoint): string {
  const lines = [origin, String(size), Buffer.from(root).toString('base64'), ...extensions];
  if (lines.some((line) => line.includes('\n'))) {
    throw new RangeError('a line of a checkpoint must be one line');
  }
  const text = `${lines.join('\n')}\n`;
  const parsed = parseCheckpoint(text);
  if (parsed.kind === 'refused') throw new RangeError(`no checkpoint: ${parsed.reason}`);
  return text;
}

/**
 * Reads the text of a note as a checkpoint, and only what `formatCheckpoint` writes. The text is
 * attacker-controlled until a signature over it is verified; nothing is thrown. A size of 2^53 or
 * more is refused as malformed.
 */
export function parseCheckpoint(text: string): ParsedCheckpoint {
  if (!isNoteText(text)) return refused('malformed_text');
  const [origin, size, root, ...extensions] = text.slice(0, -1).split('\n');
  if (origin === undefined || size === undefined || root === undefined) {
    return refused('missing_line');
  }
  if ([origin, size, root, ...extensions].includes('')) return refused('empty_line');
  if (!/^(?:0|[1-9]\d*)$/.test(size) || !isTreeSize(Number(size))) return refused('malformed_size');
  const hash = decodeBase64(root);
  if (hash?.length !== HASH_BYTES) return refused('malformed_root');
  return { kind: 'parsed', checkpoint: { origin, size: Number(size), root: hash, extensions } };
}

function refused(reason: CheckpointFault): ParsedCheckpoint {
  return { kind: 'refused', reason };
}
