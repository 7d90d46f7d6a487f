import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { afterEach } from '@jest/globals';
import type { LedgerBuild } from './ledger-build.js';
import type { LedgerChildOrder } from './ledger-child.program.js';
import { LEDGER_TESTED_AT } from './ledger-store.js';

/** A process of its own that works on a ledger. */
export interface LedgerChild {
  /** Has an order carried out and answers with its value; rejects with `code: message`. */
  order(order: LedgerChildOrder, ...parameters: unknown[]): Promise<unknown>;
  /** Gives an order that says something again and again; answers with the first of that. */
  begin(order: LedgerChildOrder, ...parameters: unknown[]): Promise<unknown>;
  /** Lets it end by itself and answers with its exit code. */
  end(): Promise<number | null>;
  /** Kills it at once with SIGKILL; answers with all that it said before. */
  kill(): Promise<readonly unknown[]>;
}

const running = new Set<ChildProcess>();

afterEach(() => {
  for (const child of running) child.kill('SIGKILL');
});

/**
 * Starts a process that works on the ledger in this directory, by a clock that stands at
 * LEDGER_TESTED_AT; it ends with the test at the latest.
 */
export function startLedgerChild(build: LedgerBuild, directory: string): LedgerChild {
  const child = spawn(process.execPath, [build.program, directory, String(LEDGER_TESTED_AT)], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  running.add(child);
  const exited = once(child, 'exit').then(([code]) => {
    running.delete(child);
    return code as number | null;
  });
  const lines = createInterface({ input: child.stdout });
  const ended = once(lines, 'close');
  const said: unknown[] = [];
  lines.on('line', (line) => said.push(JSON.parse(line)));

  const begin: LedgerChild['begin'] = async (order, ...parameters) => {
    const answered = once(lines, 'line') as Promise<[string]>;
    child.stdin.write(`${JSON.stringify([order, ...parameters])}\n`);
    const answer = await Promise.race([answered, ended]);
    if (answer.length === 0) throw new Error('the process ended without an answer');
    const { value, error } = JSON.parse(answer[0] as string) as {
      value?: unknown;
      error?: { code?: string; message: string };
    };
    if (error !== undefined) throw new Error(`${error.code}: ${error.message}`);
    return value;
  };
  return {
    order: begin,
    begin,
    end: () => {
      child.stdin.end();
      return exited;
    },
    kill: async () => {
      child.kill('SIGKILL');
      await Promise.all([exited, ended]);
      return said.map((answer) => (answer as { value: unknown }).value);
    },
  };
}
