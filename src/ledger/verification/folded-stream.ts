import type { Folded } from '../../domain/directory/directory.evolve.js';
import type { Instant, Position, StreamKind } from '../../domain/identifiers.js';
import { evolve, type StateOf } from '../../domain/streams.js';
import { digestAfter } from '../stream-digest.js';
import type { StoredEvent } from './ledger.source.js';
import type { ReadEvent } from './stored-event.check.js';

/** A stream as its events make it. */
export interface FoldedStream {
  readonly kind: StreamKind;
  readonly project: string;
  readonly version: number;
  readonly lastPosition: Position;
  readonly recordedAt: Instant;
  readonly digest: string;
  readonly state: StateOf<StreamKind>;
}

/** Folds one event into its stream, or says why it cannot follow what was folded before. */
export function foldStoredEvent(
  folded: Map<string, FoldedStream>,
  stored: StoredEvent,
  { kind, envelope, data }: ReadEvent,
): string | undefined {
  const before = folded.get(stored.streamId);
  const version = (before?.version ?? 0) + 1;
  if (stored.streamVersion !== version) return `stream version ${version} is missing`;
  if (stored.previousPosition !== (before?.lastPosition ?? null)) {
    return 'previous_position does not name the event before it';
  }
  const { project, recordedAt } = envelope;
  if (before !== undefined && before.project !== project) return 'the project changed';
  if (before !== undefined && before.recordedAt > recordedAt) return 'recordedAt runs backwards';
  const id = stored.streamId.slice(kind.length + 1);
  const event = { type: stored.type, data, recordedAt, id } as unknown as Folded<StreamKind>;
  try {
    folded.set(stored.streamId, {
      kind,
      project,
      version,
      lastPosition: stored.position,
      recordedAt,
      digest: digestAfter(before?.digest, stored.body),
      state: evolve(kind, before?.state, event),
    });
    return undefined;
  } catch (error) {
    return `the history is impossible: ${(error as Error).message}`;
  }
}
