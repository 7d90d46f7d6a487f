import { setImmediate } from 'node:timers/promises';
import { streamPages } from '../../access/event-pages.js';
import type { RecordedEvent } from '../../domain/envelope.js';
import type { Position, StreamId, Subject } from '../../domain/identifiers.js';
import { LedgerCorrupted } from '../../ledger/ledger.errors.js';
import type { Ledger } from '../../ledger/ledger.port.js';
import type { Seals } from '../../ledger/seals.port.js';
import type { BundledEvent, Selection } from './bundle.evidence.js';
import { streamsLedTo, subjectStreamOf } from './bundle.selection.js';

/** So many events are read and proved at one go; between two goes others have their turn. */
const EVENTS_AT_ONCE = 100;

/** What was asked for is more than a bundle holds. */
export class TooManyEvents extends Error {
  constructor() {
    super('what was asked for has more events than a bundle may hold');
    this.name = 'TooManyEvents';
  }
}

/** How much is read: up to a position, and not more than so many events. */
export interface ReadingBounds {
  readonly upTo: Position;
  readonly eventsMax: number;
}

/** The positions of all events that belong to a selection, up to one; in order. Throws TooManyEvents. */
export async function selectedPositions(
  ledger: Ledger,
  asked: Selection,
  bounds: ReadingBounds,
): Promise<readonly Position[]> {
  const reading = new StreamReading(ledger, bounds);
  await reading.read([subjectStreamOf(asked)]);
  const streams =
    asked.kind === 'subject'
      ? await streamsOf(ledger, asked.id as Subject)
      : streamsLedTo(asked, (streamId) => reading.eventsOf(streamId));
  await reading.read(streams);
  return reading.positions();
}

/** All streams that are somebody's. */
export async function streamsOf(ledger: Ledger, subject: Subject): Promise<readonly StreamId[]> {
  const found: StreamId[] = [];
  let after: StreamId | null = null;
  do {
    const { streamIds, next }: Awaited<ReturnType<Ledger['streamsOwnedBy']>> =
      await ledger.streamsOwnedBy(subject, after);
    found.push(...streamIds);
    after = next;
    await setImmediate();
  } while (after !== null);
  return found;
}

/** Events with their origins and with their proofs against the tree of a size. */
export async function provedEvents(
  ledger: Ledger,
  seals: Seals,
  positions: readonly Position[],
  size: number,
): Promise<readonly BundledEvent[]> {
  const events: BundledEvent[] = [];
  for (let first = 0; first < positions.length; first += EVENTS_AT_ONCE) {
    const page = await ledger.evidenceAt(positions.slice(first, first + EVENTS_AT_ONCE));
    for (const { position, body, origin } of page) {
      const proof = await seals.inclusionProof(position, size);
      if (proof === undefined) throw new LedgerCorrupted(`no tile proves position ${position}`);
      const hashes = proof.map((hash) => hash.toString('base64'));
      events.push({ position, body, origin: origin ?? null, proof: hashes });
    }
    await setImmediate();
  }
  return events;
}

/** Reads streams once each, as long as all of it fits into a bundle. */
class StreamReading {
  private readonly streams = new Map<StreamId, RecordedEvent[]>();
  private count = 0;

  constructor(
    private readonly ledger: Ledger,
    private readonly bounds: ReadingBounds,
  ) {}

  eventsOf(streamId: StreamId): readonly RecordedEvent[] {
    return this.streams.get(streamId) ?? [];
  }

  async read(streamIds: readonly StreamId[]): Promise<void> {
    for (const streamId of streamIds) {
      if (!this.streams.has(streamId)) await this.readOne(streamId);
    }
  }

  positions(): readonly Position[] {
    const events = [...this.streams.values()].flat();
    return events.map(({ position }) => position).sort((one, other) => one - other);
  }

  private async readOne(streamId: StreamId): Promise<void> {
    const events: RecordedEvent[] = [];
    this.streams.set(streamId, events);
    const range = { after: null, upTo: this.bounds.upTo };
    for await (const page of streamPages(this.ledger, streamId, range)) {
      events.push(...page);
      this.count += page.length;
      if (this.count > this.bounds.eventsMax) throw new TooManyEvents();
    }
  }
}
