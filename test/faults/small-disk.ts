import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createWriteStream, mkdtempSync, rmSync, statfsSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** A file system of its own, in memory, that a test lets run full. */
export interface SmallDisk {
  readonly directory: string;
  /** Leaves no byte free. */
  fill(): Promise<void>;
  /** Gives everything back that `fill` took. */
  empty(): void;
  remove(): Promise<void>;
}

/** Mounted as long as this shell reads; it finds its standard input closed however this process ends. */
const MOUNTED = `mount -t tmpfs -o "size=$SIZE,mode=1777" tmpfs "$DIRECTORY" || exit
echo mounted
read -r _
umount -l "$DIRECTORY"
rmdir "$DIRECTORY"`;

/** Mounts a small disk; undefined where this user may not. */
export async function mountSmallDisk(sizeMegabytes: number): Promise<SmallDisk | undefined> {
  const directory = mkdtempSync(join(tmpdir(), 'token-ledger-disk-'));
  const holder = spawn('/bin/sh', ['-c', MOUNTED], {
    env: { ...process.env, DIRECTORY: directory, SIZE: `${sizeMegabytes}m` },
    stdio: ['pipe', 'pipe', 'ignore'],
  });
  const ended = once(holder, 'exit');
  const isMounted = await Promise.race([
    once(holder.stdout, 'data').then(() => true),
    ended.then(() => false),
  ]);
  if (!isMounted) {
    rmSync(directory, { recursive: true });
    return undefined;
  }
  const ballast = join(directory, 'ballast');
  return {
    directory,
    fill: () => fillWith(ballast),
    empty: () => rmSync(ballast, { force: true }),
    remove: async () => {
      holder.stdin.end();
      await ended;
    },
  };
}

async function fillWith(ballast: string): Promise<void> {
  const { bavail, bsize } = statfsSync(join(ballast, '..'));
  const file = createWriteStream(ballast);
  // The last of it does not fit any more.
  const full = once(file, 'error').catch(() => undefined);
  for (let block = 0; block <= bavail; block += 256) file.write(Buffer.alloc(256 * bsize));
  await full;
}
