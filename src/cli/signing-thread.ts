import type { KeyObject } from 'node:crypto';
import { existsSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { MessageChannel, Worker } from 'node:worker_threads';
import { type Es256Signatures, signaturesInPlace } from '../tokens/es256-signatures.js';
import { SignatureSlots, SLOTS } from './signature-slots.js';
import type { NumberedKey, SigningWork } from './signing.worker.js';

/** Fewer signatures are made in the time that the thread takes to wake up. */
const SHARED_MIN = 4;

const workerFile = new URL('signing.worker.js', import.meta.url);

interface Asked {
  readonly content: string;
  readonly key: KeyObject;
  readonly resolve: (signature: Buffer | Promise<Buffer>) => void;
}

/**
 * Makes the signatures that are asked for in one turn of the event loop on two threads at once, this one
 * and another. It never waits for the other: it signs what that has not begun, beginning at the other
 * end, and at last also what that has not finished.
 */
export class SigningThread implements Es256Signatures {
  private readonly slots = new SignatureSlots();
  /** The key that the thread has, or will have before it signs what is asked next. */
  private posted: NumberedKey | undefined;
  private readonly ports = new MessageChannel();
  private worker: Worker | undefined;
  private asked: Asked[] = [];
  private isGone = false;

  /**
   * The thread begins with the first signatures for it. `onDeath` is told when it cannot begin, or ends by
   * itself: it does not begin again, and every signature is made here.
   */
  constructor(private readonly onDeath: (error: unknown) => void) {}

  /** Undefined where the thread would only take the processor of this one, or there is no build of it. */
  static where(onDeath: (error: unknown) => void): SigningThread | undefined {
    if (availableParallelism() === 1 || !existsSync(workerFile)) return undefined;
    return new SigningThread(onDeath);
  }

  sign(content: string, key: KeyObject): Promise<Buffer> {
    return new Promise((resolve) => {
      // After whatever else this turn of the event loop asks for.
      if (this.asked.push({ content, key, resolve }) === 1)
        process.nextTick(() => this.signAsked());
    });
  }

  /** Ends the thread: signatures are made here from now on. */
  async stop(): Promise<void> {
    this.isGone = true;
    this.ports.port1.close();
    await this.worker?.terminate();
  }

  private signAsked(): void {
    const { asked } = this;
    this.asked = [];
    const offered = this.offer(asked);
    for (const [index, { content, key, resolve }] of [...asked.entries()].toReversed()) {
      const signature = offered.has(index) ? this.slots.take(index) : undefined;
      resolve(signature ?? signaturesInPlace.sign(content, key));
    }
  }

  /** Offers the first ones to the thread; answers with which. */
  private offer(asked: readonly Asked[]): ReadonlySet<number> {
    const offered = new Set<number>();
    if (asked.length < SHARED_MIN || this.isGone) return offered;
    try {
      this.worker ??= this.begin();
      for (const [slot, { content, key }] of asked.slice(0, SLOTS).entries()) {
        if (this.slots.ask(slot, content, this.numberOf(key))) offered.add(slot);
      }
    } catch (error) {
      this.die(error);
    }
    if (offered.size > 0) this.slots.wake();
    return offered;
  }

  private begin(): Worker {
    const { port2 } = this.ports;
    const workerData: SigningWork = { memory: this.slots.memory, keys: port2 };
    const worker = new Worker(workerFile, { workerData, transferList: [port2] });
    worker.on('error', (error) => this.die(error));
    worker.on('exit', (code) => this.die(new Error(`it ended by itself, with exit code ${code}`)));
    // It never keeps the process alive.
    worker.unref();
    return worker;
  }

  private die(error: unknown): void {
    if (this.isGone) return;
    this.isGone = true;
    this.onDeath(error);
  }

  private numberOf(key: KeyObject): number {
    if (this.posted?.key !== key) {
      this.posted = { number: (this.posted?.number ?? 0) + 1, key };
      // oxlint-disable-next-line unicorn/require-post-message-target-origin -- a port has no origin
      this.ports.port1.postMessage(this.posted);
    }
    return this.posted.number;
  }
}
