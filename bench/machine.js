// @ts-check
import { execFileSync } from 'node:child_process';
import { closeSync, fdatasyncSync, openSync, rmSync, statfsSync, writeSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

const ROOT = fileURLToPath(new URL('..', import.meta.url));
const SYNCS = 200;
const PAGE_BYTES = 4096;
/** statfs(2) `f_type` of the file systems that one meets. */
const FILE_SYSTEMS = new Map([
  [0xef53, 'ext4'],
  [0x0102_1994, 'tmpfs'],
  [0x5846_5342, 'xfs'],
  [0x9123_683e, 'btrfs'],
  [0x794c_7630, 'overlayfs'],
]);

/**
 * Where and what was measured.
 * @typedef {object} Machine
 * @property {string} cpu
 * @property {number} cores
 * @property {string} node
 * @property {string} kernel
 * @property {string} fileSystem that the databases are on
 * @property {number} syncMillisecondsMedian of appending 4 kB and fdatasync there
 * @property {number} loadAverage of the minute before: well above 0, others were at work
 * @property {string} commit
 * @property {string} date
 */

/**
 * Describes this machine, its disk under `directory`, and the commit.
 * @param {string} directory
 * @returns {Machine}
 */
export function describeMachine(directory) {
  return {
    cpu: os.cpus()[0]?.model.trim() ?? 'unknown',
    cores: os.cpus().length,
    node: process.version,
    kernel: `${os.type()} ${os.release()}`,
    fileSystem: fileSystemOf(directory),
    syncMillisecondsMedian: medianSyncMilliseconds(directory),
    loadAverage: os.loadavg()[0] ?? NaN,
    commit: commit(),
    date: new Date().toISOString().slice(0, 10),
  };
}

/** @param {string} directory */
function fileSystemOf(directory) {
  const { type } = statfsSync(directory);
  return FILE_SYSTEMS.get(type) ?? `file system 0x${type.toString(16)}`;
}

/** @param {string} directory */
function medianSyncMilliseconds(directory) {
  const file = path.join(directory, 'sync-probe');
  const descriptor = openSync(file, 'w');
  const page = Buffer.alloc(PAGE_BYTES, 1);
  const durations = Array.from({ length: SYNCS }, () => {
    const start = performance.now();
    writeSync(descriptor, page);
    fdatasyncSync(descriptor);
    return performance.now() - start;
  });
  closeSync(descriptor);
  rmSync(file);
  return durations.sort((left, right) => left - right)[SYNCS / 2] ?? NaN;
}

/** The commit of the checkout, and whether anything that matters here differs from it. */
function commit() {
  try {
    const hash = git('rev-parse', '--short=10', 'HEAD');
    const measured = ['src', 'bench', 'package.json', 'package-lock.json'];
    const records = [':!bench/*.md', ':!bench/results'];
    const changes = git('status', '--porcelain', '--', ...measured, ...records);
    return changes === '' ? hash : `${hash} with uncommitted changes`;
  } catch {
    return 'unknown';
  }
}

/** @param {string[]} words */
function git(...words) {
  const options = /** @type {const} */ ({ cwd: ROOT, encoding: 'utf8', stdio: 'pipe' });
  return execFileSync('git', ['--no-optional-locks', ...words], options).trim();
}
