import { describe, expect, it } from '@jest/globals';
import { SignatureSlots, SLOTS } from '../../src/cli/signature-slots.js';

const SIGNATURE = Buffer.alloc(64, 7);

/** Both sides of the same memory, as the event loop and the thread have it. */
function bothSides(): { loop: SignatureSlots; thread: SignatureSlots } {
  const loop = new SignatureSlots();
  return { loop, thread: new SignatureSlots(loop.memory) };
}

/** What is asked in a slot, and claimed by the thread. */
function claimed(): ReturnType<typeof bothSides> {
  const sides = bothSides();
  sides.loop.ask(3, 'a text', 5);
  sides.thread.claim(3);
  return sides;
}

describe('slots of texts to be signed', () => {
  it('bring each text and the number of its key to the thread, and its signature back', () => {
    const { loop, thread } = bothSides();
    const texts = Array.from({ length: SLOTS }, (_, slot) => 'a text '.repeat(slot));
    expect(texts.map((text, slot) => loop.ask(slot, text, slot * 2))).not.toContain(false);
    for (const [slot, text] of texts.entries()) {
      expect(thread.claim(slot)).toEqual({ key: slot * 2, content: Buffer.from(text) });
      thread.answer(slot, Buffer.alloc(64, slot));
    }
    expect(texts.map((_, slot) => loop.take(slot))).toEqual(
      texts.map((_, slot) => Buffer.alloc(64, slot)),
    );
  });

  it('give a text to one side only', () => {
    const { loop, thread } = bothSides();
    loop.ask(0, 'taken back', 0);
    expect(loop.take(0)).toBeUndefined();
    expect(thread.claim(0)).toBeUndefined();
    loop.ask(1, 'claimed', 0);
    expect(thread.claim(1)).toBeDefined();
    expect(thread.claim(1)).toBeUndefined();
  });

  it('stay the thread’s while it signs what nobody waits for any more', () => {
    const { loop, thread } = claimed();
    expect(loop.take(3)).toBeUndefined();
    expect(loop.ask(3, 'the next text', 6)).toBe(false);
    thread.answer(3, SIGNATURE);
    expect(loop.ask(3, 'the next text', 6)).toBe(true);
    expect(thread.claim(3)).toEqual({ key: 6, content: Buffer.from('the next text') });
  });

  it('are free again after a signature was taken', () => {
    const { loop, thread } = claimed();
    thread.answer(3, SIGNATURE);
    expect(loop.ask(3, 'too early', 6)).toBe(false);
    expect(loop.take(3)).toEqual(SIGNATURE);
    expect(loop.ask(3, 'the next text', 6)).toBe(true);
  });

  it('say nothing when the thread could not sign, and never the signature before', () => {
    const { loop, thread } = claimed();
    thread.answer(3, SIGNATURE);
    loop.take(3);
    loop.ask(3, 'another text', 6);
    thread.claim(3);
    thread.answer(3, undefined);
    expect(loop.take(3)).toBeUndefined();
    expect(loop.ask(3, 'the next text', 6)).toBe(true);
  });

  it.each([56, 96])('take %s bytes for no signature', (length) => {
    const { loop, thread } = claimed();
    thread.answer(3, Buffer.alloc(length, 7));
    expect(loop.take(3)).toBeUndefined();
  });

  it('refuse memory of another layout', () => {
    const { memory } = new SignatureSlots();
    const other = new SharedArrayBuffer(memory.byteLength + 4);
    expect(() => new SignatureSlots(other)).toThrow('not laid out for these slots');
  });

  it('take no text that is longer than they are', () => {
    const { loop, thread } = bothSides();
    expect(loop.ask(0, 'x'.repeat(2049), 0)).toBe(false);
    expect(thread.claim(0)).toBeUndefined();
    const longest = 'x'.repeat(2048);
    expect(loop.ask(0, longest, 0)).toBe(true);
    loop.ask(1, 'y', 0);
    expect(thread.claim(0)?.content.toString()).toBe(longest);
    thread.answer(0, SIGNATURE);
    expect(thread.claim(1)?.content.toString()).toBe('y');
  });

  it('wake a thread that looked before it waits', () => {
    const { loop, thread } = bothSides();
    const { wakes } = thread;
    loop.wake();
    // Would block for ever otherwise.
    thread.waitBeyond(wakes);
    expect(thread.wakes).toBe(wakes + 1);
  });
});
