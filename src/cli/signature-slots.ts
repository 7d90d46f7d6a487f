/** Whose a slot is. The event loop's: what it may fill. */
const FREE = 0;
/** Of whoever claims it first. */
const ASKED = 1;
/** The thread's: it signs. */
const SIGNING = 2;
/** The event loop's again. */
const SIGNED = 3;
const FAILED = 4;
/** The thread's, and nobody waits for what it signs. */
const GIVEN_UP = 5;

/** The words of both sides: how often there was something to sign, then three for each slot. */
const WORDS_BEFORE = 1;
const WORDS_OF_SLOT = 3;
const STATE = 0;
const KEY = 1;
const LENGTH = 2;

/** An access token says less than half of this. */
const CONTENT_BYTES_MAX = 2048;
/** Of ES256. */
const SIGNATURE_BYTES = 64;
const BYTES_OF_SLOT = CONTENT_BYTES_MAX + SIGNATURE_BYTES;

/** So many texts can wait for the thread: half of what shares a commit, for the other half is not its. */
export const SLOTS = 64;

const WORDS = WORDS_BEFORE + SLOTS * WORDS_OF_SLOT;
const WORDS_BYTES = WORDS * Int32Array.BYTES_PER_ELEMENT;
const BYTES = WORDS_BYTES + SLOTS * BYTES_OF_SLOT;

/** A text that the thread is to sign, and the number of the key. */
export interface ClaimedSlot {
  readonly key: number;
  readonly content: Buffer;
}

/**
 * Texts to be signed in memory that the event loop and a thread share. The event loop asks, and takes
 * back what the thread has not claimed; the thread claims and answers. Neither waits for the other.
 */
export class SignatureSlots {
  private readonly words: Int32Array;

  /** Throws when the memory is laid out otherwise: the other side is of another version. */
  constructor(readonly memory = new SharedArrayBuffer(BYTES)) {
    if (memory.byteLength !== BYTES) throw new Error('the memory is not laid out for these slots');
    this.words = new Int32Array(memory, 0, WORDS);
  }

  /** Offers ASCII text to the thread. False when the slot is not free, or too small. */
  ask(slot: number, content: string, key: number): boolean {
    if (content.length > CONTENT_BYTES_MAX || !this.is(slot, FREE)) return false;
    this.bytes(slot, 0, content.length).write(content, 'latin1');
    this.words[wordAt(slot, KEY)] = key;
    this.words[wordAt(slot, LENGTH)] = content.length;
    this.become(slot, ASKED);
    return true;
  }

  /** Wakes the thread: there is something to sign. */
  wake(): void {
    Atomics.add(this.words, 0, 1);
    Atomics.notify(this.words, 0);
  }

  /**
   * Ends what was asked: with the thread's signature, or undefined when there is none yet. The thread
   * does not begin with it any more then.
   */
  take(slot: number): Buffer | undefined {
    if (this.turns(slot, ASKED, FREE) || this.turns(slot, SIGNING, GIVEN_UP)) return undefined;
    const isSigned = this.is(slot, SIGNED);
    const signature = isSigned ? Buffer.from(this.signature(slot)) : undefined;
    this.become(slot, FREE);
    return signature;
  }

  /** How often there was something to sign. */
  get wakes(): number {
    return Atomics.load(this.words, 0);
  }

  /** Blocks the thread until it is woken more often than that. */
  waitBeyond(wakes: number): void {
    Atomics.wait(this.words, 0, wakes);
  }

  /** Takes a text for the thread; undefined when there is none, or somebody else has it. */
  claim(slot: number): ClaimedSlot | undefined {
    if (!this.turns(slot, ASKED, SIGNING)) return undefined;
    const length = this.words[wordAt(slot, LENGTH)] ?? 0;
    return { key: this.words[wordAt(slot, KEY)] ?? -1, content: this.bytes(slot, 0, length) };
  }

  /** Says what came of a claimed text. Anything but a signature of 64 bytes means that there is none. */
  answer(slot: number, signature: Uint8Array | undefined): void {
    const isSigned = signature?.length === SIGNATURE_BYTES;
    if (isSigned) this.signature(slot).set(signature);
    const outcome = isSigned ? SIGNED : FAILED;
    if (!this.turns(slot, SIGNING, outcome)) this.become(slot, FREE);
  }

  private signature(slot: number): Buffer {
    return this.bytes(slot, CONTENT_BYTES_MAX, SIGNATURE_BYTES);
  }

  private bytes(slot: number, start: number, length: number): Buffer {
    return Buffer.from(this.memory, WORDS_BYTES + slot * BYTES_OF_SLOT + start, length);
  }

  private is(slot: number, state: number): boolean {
    return Atomics.load(this.words, wordAt(slot, STATE)) === state;
  }

  private become(slot: number, state: number): void {
    Atomics.store(this.words, wordAt(slot, STATE), state);
  }

  private turns(slot: number, from: number, to: number): boolean {
    return Atomics.compareExchange(this.words, wordAt(slot, STATE), from, to) === from;
  }
}

function wordAt(slot: number, word: number): number {
  return WORDS_BEFORE + slot * WORDS_OF_SLOT + word;
}
