import { Injectable, type OnApplicationShutdown } from '@nestjs/common';
import { newUuid } from '../config/random-identifiers.js';
import type { Origin } from '../domain/envelope.js';
import { DEFAULT_PROJECT, type Instant, streamIdOf } from '../domain/identifiers.js';
import type { CountedPresentation } from '../domain/token-family/family.decision.js';
import { Ledger } from '../ledger/ledger.port.js';
import type { RequestContext } from './request-context.js';

interface Tally {
  readonly key: string;
  readonly familyId: string;
  readonly counted: CountedPresentation;
  count: number;
  firstAt: Instant;
  lastAt: Instant;
  /** Of the newest one: the event commits to it. */
  origin: Origin | undefined;
}

/** How often counted presentations are written, in milliseconds. */
const WRITE_INTERVAL = 60_000;
/** So many different tallies are kept; what comes beyond is counted by the metrics alone. */
const TALLIES_MAX = 10_000;
/** So many tallies are written at once: they share a commit, and leave room for decisions. */
const WRITTEN_AT_ONCE = 128;

/**
 * Counts the presentations that are too many to be recorded one by one, and writes them to their
 * families once a minute and at shutdown. A crash loses at most a minute of counts, never a decision.
 */
@Injectable()
export class PresentationCounter implements OnApplicationShutdown {
  private tallies = new Map<string, Tally>();
  private writing: Promise<void> = Promise.resolve();
  private timer: NodeJS.Timeout | undefined;

  constructor(private readonly ledger: Ledger) {}

  /** Counts one presentation. */
  count(familyId: string, counted: CountedPresentation, request: RequestContext): void {
    const { receivedAt: at, origin } = request;
    const key = `${familyId}:${counted.outcome}:${counted.reason ?? ''}:${counted.generation ?? ''}`;
    const tally = this.tallies.get(key);
    if (tally !== undefined) {
      tally.count += 1;
      tally.lastAt = Math.max(tally.lastAt, at);
      tally.origin = origin;
    } else if (this.tallies.size < TALLIES_MAX) {
      this.tallies.set(key, { key, familyId, counted, count: 1, firstAt: at, lastAt: at, origin });
    }
    this.writeLater();
  }

  /**
   * Writes what was counted, after what is being written already. Rejects with the ledger's error when
   * a tally could not be written: that one is kept, and holds up no other.
   */
  write(): Promise<void> {
    const writing = this.writing.then(() => this.writeAll());
    this.writing = writing.catch(() => undefined);
    return writing;
  }

  async onApplicationShutdown(): Promise<void> {
    await this.writeQuietly();
  }

  private writeLater(): void {
    this.timer ??= setTimeout(() => void this.writeQuietly(), WRITE_INTERVAL).unref();
  }

  private async writeQuietly(): Promise<void> {
    try {
      await this.write();
    } catch {
      // What was not written is kept, and tried again; the ledger's observer was told why.
    }
  }

  private async writeAll(): Promise<void> {
    clearTimeout(this.timer);
    this.timer = undefined;
    const tallies = [...this.tallies.values()];
    this.tallies = new Map();
    const unwritten: Tally[] = [];
    const errors: unknown[] = [];
    for (let first = 0; first < tallies.length; first += WRITTEN_AT_ONCE) {
      const batch = tallies.slice(first, first + WRITTEN_AT_ONCE);
      const attempts = batch.map(async (tally) => {
        try {
          await this.writeTally(tally);
        } catch (error) {
          unwritten.push(tally);
          errors.push(error);
        }
      });
      await Promise.all(attempts);
    }
    if (unwritten.length === 0) return;
    this.takeBack(unwritten);
    this.writeLater();
    throw errors[0];
  }

  /** Keeps what could not be written beside what has come meanwhile, the newest first. */
  private takeBack(unwritten: readonly Tally[]): void {
    for (const tally of unwritten.toSorted((one, other) => other.lastAt - one.lastAt)) {
      const newer = this.tallies.get(tally.key);
      if (newer !== undefined) {
        newer.count += tally.count;
        newer.firstAt = Math.min(newer.firstAt, tally.firstAt);
        newer.lastAt = Math.max(newer.lastAt, tally.lastAt);
      } else if (this.tallies.size < TALLIES_MAX) {
        this.tallies.set(tally.key, tally);
      }
    }
  }

  private async writeTally(tally: Tally): Promise<void> {
    const { familyId, counted, count, firstAt, lastAt, origin } = tally;
    await this.ledger.execute({
      kind: 'family',
      streamId: streamIdOf('family', familyId),
      project: DEFAULT_PROJECT,
      attribution: { actor: 'system', correlationId: newUuid(), origin },
      decide: ({ state }) => ({
        events:
          state === undefined
            ? []
            : [
                {
                  type: 'PresentationsCounted',
                  data: { ...counted, count, firstAt, lastAt },
                },
              ],
        outcome: undefined,
      }),
    });
  }
}
