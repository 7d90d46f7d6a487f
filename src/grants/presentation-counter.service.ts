import { Injectable, type OnApplicationShutdown } from '@nestjs/common';
import { newUuid } from '../config/random-identifiers.js';
import type { Origin } from '../domain/envelope.js';
import { DEFAULT_PROJECT, type Instant, streamIdOf } from '../domain/identifiers.js';
import type { CountedPresentation } from '../domain/token-family/family.decision.js';
import { Ledger } from '../ledger/ledger.port.js';
import type { RequestContext } from './request-context.js';

interface Tally {
  readonly familyId: string;
  readonly counted: CountedPresentation;
  count: number;
  readonly firstAt: Instant;
  lastAt: Instant;
  /** Of the newest one: the event commits to it. */
  origin: Origin | undefined;
}

/** How often counted presentations are written, in milliseconds. */
const WRITE_INTERVAL = 60_000;
/** So many different tallies are kept; what comes beyond is counted by the metrics alone. */
const TALLIES_MAX = 10_000;

/**
 * Counts the presentations that are too many to be recorded one by one, and writes them to their
 * families once a minute and at shutdown. A crash loses at most a minute of counts, never a decision.
 */
@Injectable()
export class PresentationCounter implements OnApplicationShutdown {
  private tallies = new Map<string, Tally>();
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
      this.tallies.set(key, { familyId, counted, count: 1, firstAt: at, lastAt: at, origin });
    }
    this.timer ??= setTimeout(() => void this.writeQuietly(), WRITE_INTERVAL).unref();
  }

  /** Writes what was counted. Rejects when the ledger does; what was not written is kept. */
  async write(): Promise<void> {
    clearTimeout(this.timer);
    this.timer = undefined;
    const tallies = this.tallies;
    this.tallies = new Map();
    for (const [key, tally] of tallies) {
      try {
        await this.writeTally(tally);
      } catch (error) {
        this.merge(tallies);
        throw error;
      }
      tallies.delete(key);
    }
  }

  async onApplicationShutdown(): Promise<void> {
    await this.writeQuietly();
  }

  /** Takes back what could not be written, beside what has come meanwhile. */
  private merge(unwritten: ReadonlyMap<string, Tally>): void {
    for (const [key, tally] of unwritten) {
      const newer = this.tallies.get(key);
      this.tallies.set(
        key,
        newer === undefined
          ? tally
          : { ...newer, firstAt: tally.firstAt, count: tally.count + newer.count },
      );
    }
  }

  private async writeQuietly(): Promise<void> {
    try {
      await this.write();
    } catch {
      this.timer ??= setTimeout(() => void this.writeQuietly(), WRITE_INTERVAL).unref();
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
