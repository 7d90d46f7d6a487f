import { createInterface } from 'node:readline/promises';
import { CommandRefused } from './failure.js';

/** Asks before something that cannot be undone. Throws a CommandRefused unless the answer is yes. */
export async function confirm(question: string): Promise<void> {
  if (!process.stdin.isTTY) throw new CommandRefused('nothing was done: say --yes to go on');
  const asked = createInterface({ input: process.stdin, output: process.stderr });
  try {
    const answer = await asked.question(`${question} [y/N] `);
    if (!/^y(?:es)?$/i.test(answer.trim())) throw new CommandRefused('nothing was done');
  } finally {
    asked.close();
  }
}
