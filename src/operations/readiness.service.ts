import { Injectable } from '@nestjs/common';
import { noEvents } from '../domain/decision.js';
import { DEFAULT_PROJECT, streamIdOf } from '../domain/identifiers.js';
import { ClockBehind } from '../ledger/ledger.errors.js';
import { Ledger } from '../ledger/ledger.port.js';
import { StoreTrouble } from './store-trouble.js';

/** An answer stands for so long, in milliseconds: whoever asks often costs no more than one. */
const ANSWER_STANDS = 1000;

/** Why the server should get no requests now, in a sentence for its operator. */
export type Unreadiness = string | undefined;

/** Says whether the server should get requests. */
@Injectable()
export class Readiness {
  private isShuttingDown = false;
  private answer: { readonly at: number; readonly unreadiness: Promise<Unreadiness> } | undefined;

  constructor(
    private readonly ledger: Ledger,
    private readonly trouble: StoreTrouble,
  ) {}

  /** From now on the server is not ready: it takes no new work. */
  shutDown(): void {
    this.isShuttingDown = true;
  }

  /** Why the server is not ready; undefined when it is. */
  async unreadiness(): Promise<Unreadiness> {
    if (this.isShuttingDown) return 'The server is shutting down.';
    if (this.trouble.isPresent()) return 'The ledger failed to commit.';
    const now = performance.now();
    if (this.answer === undefined || now - this.answer.at > ANSWER_STANDS) {
      this.answer = { at: now, unreadiness: this.tryLedger() };
    }
    return this.answer.unreadiness;
  }

  /** Reads the ledger and passes an empty decision through its writer: nothing is written. */
  private async tryLedger(): Promise<Unreadiness> {
    try {
      await this.ledger.size();
      await this.ledger.execute({
        kind: 'administration',
        streamId: streamIdOf('administration', 'readiness'),
        project: DEFAULT_PROJECT,
        attribution: { actor: 'system', correlationId: 'readiness' },
        decide: () => noEvents<'administration', undefined>(undefined),
      });
      return undefined;
    } catch (error) {
      return error instanceof ClockBehind
        ? 'The clock is behind the ledger.'
        : 'The ledger cannot be read or written.';
    }
  }
}
