import type { RecordedEvent } from '../../domain/envelope.js';
import { type StreamId, streamIdOf } from '../../domain/identifiers.js';
import type { Selection } from './bundle.evidence.js';

/** The stream that a bundle is about: without it there is nothing to tell. */
export function subjectStreamOf({ kind, id }: Selection): StreamId {
  return streamIdOf(kind === 'subject' ? 'account' : kind, id);
}

/** The incidents that the events of a family name, each once, in order. */
export function incidentsNamedIn(events: readonly RecordedEvent[]): readonly StreamId[] {
  const named = events.flatMap(({ data }) => {
    const { incidentId } = data;
    return typeof incidentId === 'string' ? [streamIdOf('incident', incidentId)] : [];
  });
  return [...new Set(named)];
}

/** The family that an incident is about, by its events. */
export function familyOfIncident(events: readonly RecordedEvent[]): StreamId | undefined {
  const opened = events.find(({ type }) => type === 'IncidentOpened');
  const familyId = opened?.data['familyId'];
  return typeof familyId === 'string' ? streamIdOf('family', familyId) : undefined;
}

/** The streams that a family or an incident leads to, from the events that are there. */
export function streamsLedTo(
  asked: Selection,
  eventsOf: (streamId: StreamId) => readonly RecordedEvent[],
): readonly StreamId[] {
  const own = subjectStreamOf(asked);
  if (asked.kind === 'family') return [own, ...incidentsNamedIn(eventsOf(own))];
  const family = familyOfIncident(eventsOf(own));
  return family === undefined ? [own] : [own, family];
}

/** Whether a stream is somebody's, by its first event. */
export function isOwnedBy(subject: string, first: RecordedEvent): boolean {
  if (first.streamId.startsWith('account:')) return first.streamId === `account:${subject}`;
  return first.data['subject'] === subject;
}
