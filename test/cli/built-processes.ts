import { type ChildProcessByStdio, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, cpSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import type { Readable, Writable } from 'node:stream';
import { afterAll, beforeAll, jest } from '@jest/globals';
import { freePort } from '../support/postgres-server.js';
import { newServerStore, type ServerStore } from '../support/server-store.js';

const ROOT = resolve(import.meta.dirname, '../..');
/** No process of a test runs longer before it ends or listens, in milliseconds. */
const DEADLINE = 30_000;
/** An account that owns nothing. */
export const NOBODY = 65_534;

/** How far long work has come. */
const PROGRESS = /^[\d,]+ of [\d,]+ events? .+\n/gm;

/** What a process said until it ended. */
export interface Ended {
  readonly code: number | null;
  readonly stdout: string;
  /** Without how far long work has come: whether that is told depends on the machine. */
  readonly stderr: string;
}

/** How a process is started. */
export interface Surroundings {
  readonly directory: string;
  readonly environment?: Readonly<Record<string, string>>;
  readonly input?: string | Buffer;
  /** Whom it runs as, where root runs the tests. */
  readonly userId?: number;
}

type Child = ChildProcessByStdio<Writable, Readable, Readable>;

/** Builds dist/ where it is stale, before the tests of this file, and gives processes their time. */
export function useBuild(): void {
  jest.setTimeout(2 * DEADLINE);
  beforeAll(() => {
    execFileSync(process.execPath, [join(ROOT, 'scripts/build-if-stale.js')], { cwd: ROOT });
  }, 120_000);
}

/** Makes empty directories, gone when the tests of this file are done. */
export function temporaryDirectories(): () => string {
  const made: string[] = [];
  afterAll(() => {
    for (const directory of made) rmSync(directory, { recursive: true, force: true });
  });
  return () => {
    const directory = mkdtempSync(join(tmpdir(), 'token-ledger-cli-'));
    made.push(directory);
    return directory;
  };
}

const running = new Set<Child>();

/** Ends what a failed test left running. */
export function endProcesses(): void {
  for (const child of running) child.kill('SIGKILL');
}

/**
 * The settings of a server that keeps everything in a directory and in a store, an empty one unless it
 * is given one, and listens on a free port, by their whole paths: so that this process can read them too.
 */
export async function settingsIn(
  directory: string,
  store?: ServerStore,
): Promise<Record<string, string>> {
  return {
    ...(store ?? (await newServerStore())).environment,
    PORT: String(await freePort()),
    TOKEN_LEDGER_DATA_DIR: join(directory, 'data'),
    TOKEN_LEDGER_MASTER_KEY_FILE: join(directory, 'keys/master.key'),
    TOKEN_LEDGER_ADMIN_PASSWORD: 'correct horse battery',
  };
}

/** Copies what a server made in one directory to another one. */
export function copyOf(source: string, target: string): string {
  cpSync(source, target, { recursive: true });
  chmodSync(join(target, 'keys/master.key'), 0o600);
  return target;
}

/** Runs `dist/<program>` in a directory, with no environment but the one given, to its end. */
export async function runBuilt(
  program: 'cli.js' | 'main.js',
  words: readonly string[],
  surroundings: Surroundings,
): Promise<Ended> {
  const child = start(program, words, surroundings);
  const said = listenTo(child);
  child.stdin.on('error', () => undefined);
  child.stdin.end(surroundings.input ?? '');
  const deadline = setTimeout(() => child.kill('SIGKILL'), DEADLINE);
  const [code] = (await once(child, 'close')) as [number | null];
  clearTimeout(deadline);
  return { code, stdout: said.stdout, stderr: said.stderr.replaceAll(PROGRESS, '') };
}

/** A built server that runs. */
export interface BuiltServer {
  /** What it has said so far. */
  readonly said: { readonly stdout: string; readonly stderr: string };
  /** Ends it with SIGTERM. */
  stop(): Promise<void>;
  /** Ends it with SIGKILL. */
  kill(): Promise<void>;
}

/** Starts a built server and waits until it says where it listens. Throws what it said otherwise. */
export async function startBuilt(
  surroundings: Surroundings,
  program: 'cli.js' | 'main.js' = 'main.js',
  words: readonly string[] = [],
): Promise<BuiltServer> {
  const child = start(program, words, surroundings);
  const said = listenTo(child);
  const ended = once(child, 'close');
  const deadline = Date.now() + DEADLINE;
  while (!said.stdout.includes('Listening')) {
    if (child.exitCode !== null || Date.now() > deadline) {
      child.kill('SIGKILL');
      throw new Error(`the server did not start: ${said.stdout}${said.stderr}`);
    }
    await new Promise((done) => setTimeout(done, 20));
  }
  const end = async (signal: NodeJS.Signals): Promise<void> => {
    child.kill(signal);
    await ended;
  };
  return { said, stop: () => end('SIGTERM'), kill: () => end('SIGKILL') };
}

function start(program: string, words: readonly string[], surroundings: Surroundings): Child {
  const { directory, environment, userId } = surroundings;
  const child = spawn(process.execPath, [join(ROOT, 'dist', program), ...words], {
    cwd: directory,
    env: { PATH: process.env['PATH'] ?? '', ...environment },
    stdio: ['pipe', 'pipe', 'pipe'],
    ...(userId === undefined || process.geteuid?.() !== 0 ? {} : { uid: userId, gid: userId }),
  });
  running.add(child);
  child.once('close', () => running.delete(child));
  return child;
}

function listenTo(child: Child): { stdout: string; stderr: string } {
  const said = { stdout: '', stderr: '' };
  child.stdout.setEncoding('utf8').on('data', (text: string) => (said.stdout += text));
  child.stderr.setEncoding('utf8').on('data', (text: string) => (said.stderr += text));
  return said;
}
