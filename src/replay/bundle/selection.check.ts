import type { StreamId } from '../../domain/identifiers.js';
import type { Selection } from './bundle.evidence.js';
import { type ReadEvent, streamsIn } from './bundle-events.js';
import { isOwnedBy, streamsLedTo, subjectStreamOf } from './bundle.selection.js';

/**
 * What is wrong with these events as an answer to what was asked; undefined: nothing. That some were
 * too young for the checkpoint excuses none: who exports waits until what they lead to is covered.
 */
export function selectionFault(asked: Selection, events: readonly ReadEvent[]): string | undefined {
  const streams = streamsIn(events);
  const own = subjectStreamOf(asked);
  if (!streams.has(own)) return `the events of ${own} are missing`;
  if (asked.kind === 'subject') return foreignOwner(asked.id, streams);
  const expected = streamsLedTo(asked, (streamId) =>
    (streams.get(streamId) ?? []).map(({ event }) => event),
  );
  const foreign = [...streams.keys()].find((streamId) => !expected.includes(streamId));
  if (foreign !== undefined) return `${foreign} was not asked for`;
  const missing = expected.find((streamId) => !streams.has(streamId));
  if (missing === undefined || isFamilyUnknown(streams.get(own) ?? [])) return undefined;
  return `it is incomplete: the events of ${missing} are missing`;
}

/** An incident about a family that the ledger lost holds its own evidence. */
function isFamilyUnknown(own: readonly ReadEvent[]): boolean {
  return own.some(
    ({ event }) =>
      event.streamId.startsWith('incident:') && event.type === 'LedgerRollbackSuspected',
  );
}

function foreignOwner(
  subject: string,
  streams: ReadonlyMap<StreamId, readonly ReadEvent[]>,
): string | undefined {
  for (const [streamId, [first]] of streams) {
    if (first === undefined || !isOwnedBy(subject, first.event)) {
      return `${streamId} was not asked for`;
    }
  }
  return undefined;
}
