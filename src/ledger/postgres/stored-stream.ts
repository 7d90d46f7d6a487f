import type { Position } from '../../domain/identifiers.js';
import type { StoredStream } from '../verification/ledger.source.js';

/** The columns of a stream's row that a StoredStream is made of. */
export const STORED_STREAM =
  'stream_id, kind, project_id, subject_id, client_id, version, last_position, digest, state';

/** A row of those, in their order. */
export type StoredStreamColumns = readonly [
  streamId: string,
  kind: string,
  project: string,
  subjectId: string | null,
  clientId: string | null,
  version: number,
  lastPosition: Position,
  digest: string,
  state: string,
];

/** A stream's row exactly as it is stored. */
export function storedStreamOf(row: StoredStreamColumns): StoredStream {
  const [streamId, kind, project, subjectId, clientId, version, lastPosition, digest, state] = row;
  // Rows of other logs are not read: that there are any is damage of its own.
  const logId = 0;
  return {
    streamId,
    kind,
    project,
    subjectId,
    clientId,
    version,
    lastPosition,
    digest,
    state,
    logId,
  };
}
