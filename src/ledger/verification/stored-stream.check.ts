import { canonicalJson, type JsonValue } from '../../domain/canonical-json.js';
import { ownersOf } from '../../domain/streams.js';
import type { FoldedStream } from './folded-stream.js';
import type { StoredStream } from './ledger.source.js';

/** What is wrong with a stream whose digest is another one. */
export const DIGEST_DIFFERS = 'the digest is not that of its bodies';

/** What is wrong with a stream's row, compared with the fold of its events. */
export function checkStoredStream(
  stored: StoredStream,
  folded: FoldedStream | undefined,
): string | undefined {
  if ((stored.logId ?? 0) !== 0) return 'the row is of another log';
  if (folded === undefined) return 'the stream has a row but no events';
  if (stored.version !== folded.version) return 'the version is not that of its last event';
  if (stored.lastPosition !== folded.lastPosition) return 'last_position is not its last event';
  if (stored.digest !== folded.digest) return DIGEST_DIFFERS;
  if (stored.kind !== folded.kind) return 'the kind is not that of its id';
  if (stored.project !== folded.project) return 'the project is not that of its events';
  const owners = ownersOf(folded.state);
  if (stored.subjectId !== owners.subjectId || stored.clientId !== owners.clientId) {
    return 'the subject or the client is not that of its events';
  }
  const state = JSON.stringify(folded.state);
  // Mostly the very text that was stored; members may come in another order.
  return stored.state === state || canonicalOf(stored.state) === canonicalOf(state)
    ? undefined
    : 'the state is not the fold of its events';
}

function canonicalOf(text: string): string | undefined {
  try {
    return canonicalJson(JSON.parse(text) as JsonValue);
  } catch {
    return undefined;
  }
}
