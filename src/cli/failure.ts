/** A verb cannot do what was asked. The message is one line for whoever typed it. */
export class CommandRefused extends Error {
  constructor(message: string) {
    super(message);
    this.name = 'CommandRefused';
  }
}

/** Ends the process with exit code 1, once it has nothing left to do, after one line on stderr. */
export function fail(error: unknown): void {
  process.stderr.write(`error: ${lineOf(error)}\n`);
  process.exitCode = 1;
}

/** What went wrong as one printable line, without a stack trace. */
export function lineOf(error: unknown): string {
  const message = error instanceof Error && error.message !== '' ? error.message : String(error);
  return message.replaceAll(/[\p{Cc}\p{Zl}\p{Zp}\s]+/gu, ' ').trim();
}
