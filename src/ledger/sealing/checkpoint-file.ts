import {
  closeSync,
  existsSync,
  fstatSync,
  fsyncSync,
  openSync,
  readSync,
  writeSync,
} from 'node:fs';
import { dirname } from 'node:path';
import { z } from 'zod';
import { makePrivateDirectory } from '../../config/private-file.js';
import type { Instant } from '../../domain/identifiers.js';
import { checkpointOfNote } from './note-checkpoint.js';

/** A checkpoint as the file holds it. */
export interface FiledNote {
  readonly at: Instant;
  readonly note: string;
}

/** The newest note is looked for in so many bytes at the end; a line has a few hundred. */
const TAIL_BYTES = 65_536;

const line = z.object({ at: z.int(), note: z.string() });

/**
 * The file outside the database that every checkpoint is repeated in: a JSON line `{ at, note }` each,
 * never changed, so that a database from before can be told.
 */
export class CheckpointFile {
  constructor(readonly path: string) {}

  /** The newest note; undefined when there is no file or none in it. A torn line counts as none. */
  last(): FiledNote | undefined {
    if (!existsSync(this.path)) return undefined;
    // A line that was torn when the process or the machine died is no JSON.
    return this.reading(tailOf)
      .split('\n')

      .toReversed()
      .map(filedNoteOf)
      .find((filed) => filed !== undefined);
  }

  /** Adds a note durably; the file and its directory are made if need be. */
  append(filed: FiledNote): void {
    const isNew = !existsSync(this.path);
    if (isNew) makePrivateDirectory(dirname(this.path));
    const handle = openSync(this.path, 'a+', 0o600);
    try {
      const tail = tailOf(handle);
      const gap = tail === '' || tail.endsWith('\n') ? '' : '\n';
      writeSync(handle, `${gap}${JSON.stringify(filed)}\n`);
      fsyncSync(handle);
    } finally {
      closeSync(handle);
    }
    if (isNew) syncDirectory(dirname(this.path));
  }

  private reading<Result>(read: (handle: number) => Result): Result {
    const handle = openSync(this.path, 'r');
    try {
      return read(handle);
    } finally {
      closeSync(handle);
    }
  }
}

function tailOf(handle: number): string {
  const { size } = fstatSync(handle);
  const bytes = Buffer.alloc(Math.min(size, TAIL_BYTES));
  const read = readSync(handle, bytes, 0, bytes.length, size - bytes.length);
  return bytes.toString('utf8', 0, read);
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
