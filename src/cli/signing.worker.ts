import type { KeyObject } from 'node:crypto';
import { type MessagePort, receiveMessageOnPort, workerData } from 'node:worker_threads';
import { es256 } from '../tokens/es256-signatures.js';
import { type ClaimedSlot, SignatureSlots, SLOTS } from './signature-slots.js';

/** What the thread is given. */
export interface SigningWork {
  readonly memory: SharedArrayBuffer;
  /** Gets each key before the first text that it signs. */
  readonly keys: MessagePort;
}

/** A key by the number that texts name it by; no number comes again. */
export interface NumberedKey {
  readonly number: number;
  readonly key: KeyObject;
}

const { memory, keys: port } = workerData as SigningWork;
const slots = new SignatureSlots(memory);
/** The newest one alone: one that was retired is not kept longer than until another one signs. */
let known: NumberedKey | undefined;

for (;;) {
  const { wakes } = slots;
  for (let slot = 0; slot < SLOTS; slot += 1) {
    const claimed = slots.claim(slot);
    if (claimed !== undefined) slots.answer(slot, signatureOf(claimed));
  }
  slots.waitBeyond(wakes);
}

/** What cannot be signed here is signed by who asks, or fails there. */
function signatureOf({ content, key: number }: ClaimedSlot): Buffer | undefined {
  if (known?.number !== number) receiveKeys();
  if (known?.number !== number) return undefined;
  try {
    return es256(content, known.key);
  } catch {
    return undefined;
  }
}

function receiveKeys(): void {
  for (let received = receiveKey(); received !== undefined; received = receiveKey()) {
    known = received;
  }
}

function receiveKey(): NumberedKey | undefined {
  const received: { readonly message: NumberedKey } | undefined = receiveMessageOnPort(port);
  return received?.message;
}
