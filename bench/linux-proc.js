// @ts-check
import { readFileSync } from 'node:fs';

/** Clock ticks a second in /proc: USER_HZ is 100 on every Linux that Node runs on. */
const TICKS_PER_SECOND = 100;

/**
 * The CPU time that a process has used in all its threads, in microseconds, to 10 ms.
 * @param {number} pid
 */
export function processCpuMicroseconds(pid) {
  const fields = statFields(pid);
  return ((Number(fields[11]) + Number(fields[12])) * 1e6) / TICKS_PER_SECOND;
}

/**
 * The CPU time that a process and its children have used, those that ended included, in microseconds.
 * @param {number} pid
 */
export function processTreeCpuMicroseconds(pid) {
  const fields = statFields(pid);
  const ended = ((Number(fields[13]) + Number(fields[14])) * 1e6) / TICKS_PER_SECOND;
  const children = readFileSync(`/proc/${pid}/task/${pid}/children`, 'latin1').trim();
  return (children === '' ? [] : children.split(' ')).reduce(
    (sum, child) => sum + cpuMicroseconds(Number(child)),
    ended + processCpuMicroseconds(pid),
  );
}

/**
 * A process that has ended is counted by its parent.
 * @param {number} pid
 */
function cpuMicroseconds(pid) {
  try {
    return processCpuMicroseconds(pid);
  } catch {
    return 0;
  }
}

/**
 * The time that a core was not idle, whoever used it, in microseconds, to 10 ms.
 * @param {number} core
 */
export function coreBusyMicroseconds(core) {
  const line = readFileSync('/proc/stat', 'latin1').match(new RegExp(`^cpu${core} (.*)$`, 'm'));
  const ticks = (line?.[1] ?? '').split(' ').map(Number);
  const [user = NaN, nice = NaN, system = NaN, , , irq = NaN, softirq = NaN, steal = NaN] = ticks;
  return ((user + nice + system + irq + softirq + steal) * 1e6) / TICKS_PER_SECOND;
}

/**
 * The resident memory of a process, in bytes.
 * @param {number} pid
 */
export function residentBytes(pid) {
  return Number(/^VmRSS:\s+(\d+) kB$/m.exec(status(pid))?.[1]) * 1024;
}

/** The cores that this process may use. */
export function allowedCores() {
  const list = /^Cpus_allowed_list:\s+(\S+)$/m.exec(status('self'))?.[1] ?? '0';
  return list.split(',').flatMap((range) => {
    const [first = NaN, last = first] = range.split('-').map(Number);
    return Array.from({ length: last - first + 1 }, (_, index) => first + index);
  });
}

/** @param {number} pid */
function statFields(pid) {
  const stat = readFileSync(`/proc/${pid}/stat`, 'latin1');
  // The command's name may hold anything, also spaces: count fields after its closing bracket.
  return stat.slice(stat.lastIndexOf(')') + 2).split(' ');
}

/** @param {number | 'self'} pid */
function status(pid) {
  return readFileSync(`/proc/${pid}/status`, 'latin1');
}
