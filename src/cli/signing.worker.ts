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

/** A key by the number that texts name it by; numbers only grow. */
export interface NumberedKey {
  readonly number: number;
  readonly key: KeyObject;
}

/** So many keys are kept: two sign where one follows another. */
const KEYS_MAX = 16;

const { memory, keys: port } = workerData as SigningWork;
const slots = new SignatureSlots(memory);
const keys = new Map<number, KeyObject>();

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
  if (!keys.has(number)) receiveKeys();
  const key = keys.get(number);
  try {
    return key === undefined ? undefined : es256(content, key);
  } catch {
    return undefined;
  }
}

function receiveKeys(): void {
  let received = receiveKey();
  while (received !== undefined) {
    keys.set(received.number, received.key);
    keys.delete(received.number - KEYS_MAX);
    received = receiveKey();
  }
}

function receiveKey(): NumberedKey | undefined {
  const received: { readonly message: NumberedKey } | undefined = receiveMessageOnPort(port);
  return received?.message;
}
