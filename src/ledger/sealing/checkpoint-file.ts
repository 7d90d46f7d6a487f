import {
  closeSync,
  existsSync,
  fstatSync,
  fsyncSync,
  ftruncateSync,
  openSync,
  readSync,
  writeSync,
} from 'node:fs';
import { dirname } from 'node:path';
import { z } from 'zod';
import { makePrivateDirectory } from '../../config/private-file.js';
import type { Instant } from '../../domain/identifiers.js';
import type { Checkpoint } from '../../tlog/checkpoint.js';
import { LedgerError } from '../ledger.errors.js';
import { isNewer, isSameLog } from './log-origin.js';
import { checkpointOfNote } from './note-checkpoint.js';

/** A checkpoint as the file holds it. */
export interface FiledNote {
  readonly at: Instant;
  readonly note: string;
}

/** The file is read from its end in blocks of so many bytes; a line has a few hundred. */
const BLOCK_BYTES = 1_048_576;

/** Where a line states origin and size: most lines are older than the newest, and read no further. */
const STATED = /"note":"([^"\\]+)\\n(\d{1,16})\\n/;

const line = z.object({ at: z.int(), note: z.string() });

/**
 * The file outside the database that every checkpoint is repeated in: a JSON line `{ at, note }` each,
 * never changed, so that a database from before can be told.
 */
export class CheckpointFile {
  /** What was read of it, so that only what was added is read again. */
  private known: { ino: number; end: number; newest: KnownNote | undefined } | undefined;

  constructor(readonly path: string) {}

  /**
   * The newest note by epoch and size, of the log that the last line is of: a line that is repeated
   * makes nothing older. Undefined when there is no file, or an empty one. Lines that were torn when
   * the process or the machine died count as none. Throws a LedgerError when there are only such.
   */
  last(): FiledNote | undefined {
    if (!existsSync(this.path)) return undefined;
    const handle = openSync(this.path, 'r');
    try {
      return this.newestOf(handle)?.filed;
    } finally {
      closeSync(handle);
    }
  }

  /**
   * Adds a note durably, unless a newer one of its log is there; the file and its directory are made
   * if need be. What could not be written whole is taken back.
   */
  append(filed: FiledNote): void {
    const isNew = !existsSync(this.path);
    if (isNew) makePrivateDirectory(dirname(this.path));
    const handle = openSync(this.path, 'a+', 0o600);
    try {
      if (!this.isNews(handle, filed)) return;
      const gap = endsWithNewline(handle) ? '' : '\n';
      writeWhole(handle, Buffer.from(`${gap}${JSON.stringify(filed)}\n`));
      fsyncSync(handle);
    } finally {
      closeSync(handle);
    }
    if (isNew) syncDirectory(dirname(this.path));
  }

  private isNews(handle: number, { note }: FiledNote): boolean {
    const newest = this.newestOf(handle)?.stated;
    const stated = checkpointOfNote(note);
    if (newest === undefined || stated === undefined) return true;
    return !isSameLog(stated.origin, newest.origin) || isNewer(stated, newest);
  }

  private newestOf(handle: number): KnownNote | undefined {
    const found = fstatSync(handle);
    if (found.isDirectory()) {
      throw new LedgerError(
        'ledger_unavailable',
        `the checkpoint file ${this.path} is a directory`,
      );
    }
    const { ino, size } = found;
    const before = this.known?.ino === ino && this.known.end <= size ? this.known : undefined;
    let newest: KnownNote | undefined;
    for (const text of linesBackwards(handle, before?.end ?? 0, size)) {
      if (newest === undefined || mayBeNewer(text, newest)) newest = knownNoteOf(text) ?? newest;
    }
    const earlier = before?.newest;
    const isEarlier =
      newest === undefined ||
      (earlier !== undefined &&
        isSameLog(earlier.stated.origin, newest.stated.origin) &&
        !isNewer(newest.stated, earlier.stated));
    if (isEarlier) newest = earlier;
    if (newest === undefined && size > 0) {
      throw new LedgerError(
        'ledger_unavailable',
        `the checkpoint file ${this.path} holds no checkpoint: put a copy of it back, or move it away to begin it anew`,
      );
    }
    // A last line that has no end yet is read again.
    if (newest !== undefined && endsWithNewline(handle)) this.known = { ino, end: size, newest };
    return newest;
  }
}

/** A note of the file, and what it states. */
interface KnownNote {
  readonly filed: FiledNote;
  readonly stated: Checkpoint;
}

function knownNoteOf(text: string): KnownNote | undefined {
  const filed = filedNoteOf(text);
  const stated = filed && checkpointOfNote(filed.note);
  return stated && { filed, stated };
}

function mayBeNewer(text: string, { stated }: KnownNote): boolean {
  const [, origin, size] = STATED.exec(text) ?? [];
  if (origin === undefined || !isSameLog(origin, stated.origin)) return false;
  return isNewer({ origin, size: Number(size) }, stated);
}

/** The lines of a part of a file, the last one first. What is larger than a block is no line. */
function* linesBackwards(handle: number, from: number, to: number): Generator<string, void> {
  let rest = Buffer.alloc(0);
  for (let end = to; end > from;) {
    const start = Math.max(from, end - BLOCK_BYTES);
    const block = Buffer.concat([bytesAt(handle, start, end - start), rest]);
    const cut = start === from ? 0 : block.indexOf('\n') + 1;
    yield* block.toString('utf8', cut).split('\n').toReversed();
    rest = block.subarray(0, cut).subarray(0, BLOCK_BYTES);
    end = start;
  }
}

function bytesAt(handle: number, position: number, length: number): Buffer<ArrayBuffer> {
  const bytes = Buffer.alloc(length);
  return bytes.subarray(0, readSync(handle, bytes, 0, length, position));
}

function endsWithNewline(handle: number): boolean {
  const { size } = fstatSync(handle);
  return size === 0 || bytesAt(handle, size - 1, 1).toString() === '\n';
}

function writeWhole(handle: number, bytes: Buffer): void {
  const { size } = fstatSync(handle);
  let written = 0;
  try {
    while (written < bytes.length) written += writeSync(handle, bytes, written);
  } catch (error) {
    if (fstatSync(handle).size === size + written) ftruncateSync(handle, size);
    throw error;
  }
}

/** Reads a line of the file; undefined for one that holds no checkpoint. */
export function filedNoteOf(text: string): FiledNote | undefined {
  try {
    const { success, data } = line.safeParse(JSON.parse(text));
    return success && checkpointOfNote(data.note) !== undefined ? data : undefined;
  } catch {
    return undefined;
  }
}

/** A name that is new stays only once its directory is on the disk too. */
function syncDirectory(directory: string): void {
  if (process.platform === 'win32') return;
  const handle = openSync(directory, 'r');
  try {
    fsyncSync(handle);
  } finally {
    closeSync(handle);
  }
}
