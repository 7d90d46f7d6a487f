import { availableMemory } from 'node:process';
import { getHeapStatistics } from 'node:v8';
import {
  type VerificationOptions,
  type VerificationReport,
  verifyLedger,
} from '../ledger/verification/verify-ledger.js';
import {
  PROBLEMS_MAX,
  type VerificationProblem,
} from '../ledger/verification/verification-problems.js';
import { type LedgerPlace, openSourceOf } from './ledger-place.js';
import { withProgress } from './progress.js';
import { countText } from './terminal.js';
import { verificationThreads } from './verification-threads.js';

/** What is compared with a ledger that is verified. */
export type Comparison = Pick<
  VerificationOptions,
  'checkpointFile' | 'isOldCopy' | 'kept' | 'keyOf'
>;

/**
 * Verifies the ledger at a place on as many threads as there are cores, and shows how far that has come
 * unless it is to be quiet. Throws a LedgerError where there is none.
 */
export async function verifyAt(
  place: LedgerPlace,
  comparison: Comparison,
  isQuiet: boolean,
): Promise<VerificationReport> {
  const source = await openSourceOf(place);
  const runner = verificationThreads(place);
  const streamsAtOnce = streamsThatFit(runner?.threads ?? 1);
  const names = { doing: 'verifying', done: 'verified' };
  try {
    return await withProgress(names, isQuiet, (onProgress) =>
      verifyLedger(source, { ...comparison, onProgress, runner, streamsAtOnce }),
    );
  } finally {
    await runner?.close();
    await source.close();
  }
}

/** What a folded stream takes on the heap is half as much as a rule, in bytes. */
const STREAM_BYTES = 4096;
const STREAMS_MIN = 100_000;
const STREAMS_MAX = 2_000_000;

/**
 * How many streams so many threads fold at once: in a quarter of the memory that is available, and in
 * half of what their heaps may take. A ledger of more streams is read once more for each such number.
 */
function streamsThatFit(threads: number): number {
  const heaps = threads * getHeapStatistics().heap_size_limit;
  const fitting = Math.floor(Math.min(availableMemory() / 4, heaps / 2) / STREAM_BYTES);
  return Math.min(Math.max(fitting, STREAMS_MIN), STREAMS_MAX);
}

/**
 * That a ledger, called by a name, is not intact, how many problems it has, and the first of them, without an
 * end; or that a file beside it is at fault.
 */
export function faultText(name: string, report: VerificationReport): string {
  const [first] = report.problems;
  const place = first?.position === undefined ? '' : ` at position ${positionText(first)}`;
  return `${verdictText(name, report)}, the first one${place}: ${first?.problem}`;
}

/** That a ledger, called by a name, is not intact, or that only a file beside it is at fault; with how many problems. */
export function verdictText(name: string, report: VerificationReport): string {
  const file = fileAtFault(report);
  const verdict =
    file === undefined ? `${name} is not intact` : `the fault is in ${file}, not in ${name}`;
  return `${verdict}: ${problemsText(report)}`;
}

/** The file beside a ledger that is at fault, where nothing else is. */
export function fileAtFault({ problems }: VerificationReport): string | undefined {
  return problems.every(({ file }) => file !== undefined) ? problems[0]?.file : undefined;
}

/** Where a problem is: a position, or the first and the last that it can be at; empty where nobody knows. */
export function positionText({ position, positionMax }: VerificationProblem): string {
  if (position === undefined) return '';
  return positionMax === undefined ? String(position) : `${position} to ${positionMax}`;
}

/**
 * What a verification found as rows for people: position, stream, problem. What is wrong with several
 * streams alike, or with the hashes of several ranges of events, is one row: the first, and how many more.
 */
export function problemRows({ problems }: VerificationReport): string[][] {
  const alike = new Map<string, VerificationProblem[]>();
  for (const one of problems) {
    const cause = causeOf(one);
    alike.set(cause, [...(alike.get(cause) ?? []), one]);
  }
  const least = problems.length < PROBLEMS_MAX ? '' : 'at least ';
  return [...alike.values()].flatMap(([first, ...others]) => {
    if (first === undefined) return [];
    const more = others.length === 0 ? '' : `, and ${least}${others.length} more like it`;
    return [[positionText(first), first.streamId ?? '', `${first.problem}${more}`]];
  });
}

/** What has a place of its own has a cause of its own, but for hashes: one of each range is told. */
function causeOf(one: VerificationProblem): string {
  return one.evidence === 'leaf' ? one.evidence : `${positionText(one)} ${one.problem}`;
}

/** How many problems a verification found, which stops after so many. */
function problemsText({ problems }: VerificationReport): string {
  const known = countText(problems.length, 'problem');
  return problems.length < PROBLEMS_MAX ? known : `at least ${known}`;
}
