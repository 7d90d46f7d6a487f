import { Injectable } from '@nestjs/common';
import { waitSecondsOf } from '../access/problem-details.js';
import { noEvents } from '../domain/decision.js';
import { DEFAULT_PROJECT, streamIdOf } from '../domain/identifiers.js';
import { ClockAhead, ClockBehind } from '../ledger/ledger.errors.js';
import { Ledger } from '../ledger/ledger.port.js';
import { StoreTrouble } from './store-trouble.js';

/** An answer stands for so long, in milliseconds: whoever asks often costs no more than one. */
const ANSWER_STANDS = 1000;

/** Why the server should get no requests now. */
export interface Unreadiness {
  /** A sentence for its operator. */
  readonly detail: string;
  /** When it is worth asking again. */
  readonly waitSeconds: number;
}

/** Says whether the server should get requests. */
@Injectable()
export class Readiness {
  private isShuttingDown = false;
  private answer:
    { readonly at: number; readonly unreadiness: Promise<Unreadiness | undefined> } | undefined;

  constructor(
    private readonly ledger: Ledger,
    private readonly trouble: StoreTrouble,
  ) {}

  /** From now on the server is not ready: it takes no new work. */
  shutDown(): void {
    this.isShuttingDown = true;
  }

  /** Why the server is not ready; undefined when it is. */
  async unreadiness(): Promise<Unreadiness | undefined> {
    if (this.isShuttingDown) return { detail: 'The server is shutting down.', waitSeconds: 1 };
    if (this.trouble.isPresent()) return { detail: 'The ledger failed to commit.', waitSeconds: 1 };
    const now = performance.now();
    if (this.answer === undefined || now - this.answer.at > ANSWER_STANDS) {
      this.answer = { at: now, unreadiness: this.tryLedger() };
    }
    return this.answer.unreadiness;
  }

  /** Reads the ledger and passes an empty decision through its writer: nothing is written. */
  private async tryLedger(): Promise<Unreadiness | undefined> {
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
      return { detail: detailOf(error), waitSeconds: waitSecondsOf(error) };
    }
  }
}

function detailOf(error: unknown): string {
  if (error instanceof ClockBehind) return 'The clock is behind the ledger.';
  if (error instanceof ClockAhead) return 'The clock is ahead of the database.';
  return 'The ledger cannot be read or written.';
}
