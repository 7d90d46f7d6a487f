import { Command, InvalidArgumentError } from 'commander';

/** How a verb is called and what it says of itself. */
export interface VerbText {
  readonly name: string;
  readonly summary: string;
  /** What else its help should say. */
  readonly details?: string;
  /** Whole command lines. */
  readonly examples: readonly string[];
  /** What `--json` prints; absent for a verb without it. */
  readonly json?: string;
}

/** A verb of the command line, with `--json` and examples in its help. Complaints are one line. */
export function verb({ name, summary, details, examples, json }: VerbText): Command {
  const command = withOneLineComplaints(new Command(name)).description(summary);
  if (json !== undefined) command.option('--json', 'print JSON, for scripts');
  const parts = [
    ...(details === undefined ? [] : [details]),
    ['Examples:', ...examples.map((example) => `  $ ${example}`)].join('\n'),
    ...(json === undefined ? [] : [`With --json it prints:\n${indent(json)}`]),
  ];
  return command.addHelpText('after', `\n${parts.join('\n\n')}`);
}

/** Verbs about one thing. */
export function group(name: string, summary: string, verbs: readonly Command[]): Command {
  const command = withOneLineComplaints(new Command(name)).description(summary);
  for (const one of verbs) command.addCommand(one);
  return command.helpCommand(false);
}

/** Makes a command throw instead of ending the process, and say what is wrong in one line. */
export function withOneLineComplaints(command: Command): Command {
  return command.exitOverride().configureOutput({
    outputError: (text, write) => write(`${text.trim().replaceAll(/\s*\n\s*/g, ' ')}\n`),
  });
}

/** Reads an option of whole seconds. */
export function seconds(text: string): number {
  if (!/^\d{1,9}$/.test(text))
    throw new InvalidArgumentError('It must be a whole number of seconds.');
  return Number(text);
}

/** Reads an option that counts from 1. */
export function count(text: string): number {
  if (!/^[1-9]\d{0,8}$/.test(text))
    throw new InvalidArgumentError('It must be a whole number from 1.');
  return Number(text);
}

function indent(text: string): string {
  return text
    .split('\n')
    .map((line) => `  ${line}`)
    .join('\n');
}
