import type { RecordedEvent } from '../domain/envelope.js';
import type { Position, StreamId } from '../domain/identifiers.js';
import {
  type EventWithOrigin,
  familyRecordOf,
} from '../domain/investigation/family-record.rules.js';
import type { Passes } from '../domain/investigation/passes.rules.js';
import type { Ledger } from '../ledger/ledger.port.js';
import { type StreamWalk, walkStream } from './event-pages.js';

/** The events of a stream up to a position, with where the requests came from, however many they are. */
export class StreamHistory {
  /** Those of pages that are kept. */
  private readonly origins = new WeakMap<
    readonly RecordedEvent[],
    ReadonlyMap<Position, EventWithOrigin['origin']>
  >();

  private constructor(
    private readonly ledger: Ledger,
    private readonly walk: StreamWalk,
  ) {}

  /** Walks the stream back to its beginning. */
  static async of(ledger: Ledger, streamId: StreamId, upTo: Position): Promise<StreamHistory> {
    return new StreamHistory(ledger, await walkStream(ledger, streamId, { after: null, upTo }));
  }

  /** Whether there was no such stream. */
  get isEmpty(): boolean {
    return this.walk.isEmpty;
  }

  /** Its events, oldest first, a page at a time; as often as they are asked for. */
  pages(): ReturnType<StreamWalk['pages']> {
    return this.walk.pages();
  }

  /** Answers a question, a page at a time. */
  async answer<Answer>(passes: Passes<Answer>): Promise<Answer> {
    for (;;) {
      const step = passes.next();
      if (step.done === true) return step.value;
      for await (const page of this.walk.pages()) {
        const origins = await this.originsOf(page);
        for (const event of page) {
          step.value(familyRecordOf({ event, origin: origins.get(event.position) }));
        }
      }
    }
  }

  private async originsOf(
    page: readonly RecordedEvent[],
  ): Promise<ReadonlyMap<Position, EventWithOrigin['origin']>> {
    const known = this.origins.get(page);
    if (known !== undefined) return known;
    const origins = await this.ledger.origins(page.map(({ position }) => position));
    this.origins.set(page, origins);
    return origins;
  }
}
