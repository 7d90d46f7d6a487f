import {
  closeSync,
  existsSync,
  fsyncSync,
  openSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { makePrivateDirectory } from '../../config/private-file.js';

const POINTER = /^([1-9]\d{0,8})\n$/;
const VIEWS_FILE = /^([1-9]\d{0,8})\.sqlite(?:-wal|-shm|-journal)?$/;

/**
 * The directory of the views: `<n>.sqlite` for each database of views, and `current`, which names the
 * one that counts and is replaced as a whole.
 */
export class ViewsFiles {
  constructor(readonly directory: string) {}

  /** Makes the directory when it is missing. */
  prepare(): void {
    makePrivateDirectory(this.directory);
  }

  /** The number of the views that count; undefined when none do. */
  current(): number | undefined {
    const pointer = this.pointer();
    if (!existsSync(pointer)) return undefined;
    const number = POINTER.exec(readFileSync(pointer, 'latin1'))?.[1];
    return number === undefined ? undefined : Number(number);
  }

  /** Lets views count from now on. They must be durable; this is, when it returns. */
  makeCurrent(number: number): void {
    const draft = this.path('current.new');
    writeFileSync(draft, `${number}\n`, { mode: 0o600 });
    makeDurable(draft);
    renameSync(draft, this.pointer());
    makeDurable(this.directory);
  }

  /** The numbers of all views that have left a file, in ascending order. */
  numbers(): number[] {
    const numbers = this.names().flatMap((name) => {
      const number = VIEWS_FILE.exec(name)?.[1];
      return number === undefined ? [] : [Number(number)];
    });
    return [...new Set(numbers)].toSorted((left, right) => left - right);
  }

  /** Where views of a number are. */
  file(number: number): string {
    return this.path(`${number}.sqlite`);
  }

  /** The file whose lock lets one process at a time build views. */
  get lockFile(): string {
    return this.path('build.lock');
  }

  /** Removes the files of views that nobody has open. */
  remove(number: number): void {
    for (const end of ['-wal', '-shm', '-journal', '']) {
      rmSync(`${this.file(number)}${end}`, { force: true });
    }
  }

  /** Anybody may remove the directory at any time: then there is nothing in it. */
  private names(): readonly string[] {
    try {
      return readdirSync(this.directory);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
      throw error;
    }
  }

  private pointer(): string {
    return this.path('current');
  }

  private path(name: string): string {
    return join(this.directory, name);
  }
}

/** Waits until a file, or the names in a directory, are on the disk. */
export function makeDurable(path: string): void {
  const descriptor = openSync(path, 'r');
  try {
    fsyncSync(descriptor);
  } finally {
    closeSync(descriptor);
  }
}
