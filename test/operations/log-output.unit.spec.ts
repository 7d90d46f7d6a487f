import { Writable } from 'node:stream';
import { describe, expect, it } from '@jest/globals';
import { LogOutput } from '../../src/operations/log-output.js';

/** A stream whose reader takes a chunk only when the test says so. */
class SlowReader extends Writable {
  readonly taken: string[] = [];
  private pending: (() => void) | undefined;

  override _write(chunk: Buffer, _encoding: BufferEncoding, done: (error?: Error) => void): void {
    this.pending = () => {
      this.taken.push(chunk.toString());
      done();
    };
  }

  /** Takes all that waits. */
  async takeAll(): Promise<string[]> {
    while (this.pending !== undefined) {
      const take = this.pending;
      this.pending = undefined;
      take();
      await new Promise((resolve) => setImmediate(resolve));
    }
    return this.taken;
  }
}

const KIBIBYTE_LINE = `${'x'.repeat(1023)}\n`;

describe('the output of the log', () => {
  it('leaves lines out while its reader stands still, and says how many', async () => {
    const reader = new SlowReader();
    const output = new LogOutput(reader);
    for (let line = 0; line < 2000; line += 1) output.write(KIBIBYTE_LINE);
    const waiting = reader.writableLength;
    await reader.takeAll();
    output.write('after\n');
    output.write('later\n');
    const [note = '', after, end] = (await reader.takeAll())
      .slice(-2)
      .join('')
      .split('\n')
      .slice(0, 3);
    expect(waiting).toBeLessThan(1026 * 1024);
    expect(JSON.parse(note)).toMatchObject({ level: 'warn', linesLeftOut: 2000 - waiting / 1024 });
    expect([after, end]).toEqual(['after', 'later']);
  });

  it('tells when everything was taken, not before', async () => {
    const reader = new SlowReader();
    const output = new LogOutput(reader);
    let isTold = false;
    output.write('one\n');
    output.flush(() => (isTold = true));
    await new Promise((resolve) => setImmediate(resolve));
    const isToldBefore = isTold;
    await reader.takeAll();
    expect([isToldBefore, isTold]).toEqual([false, true]);
  });
});
