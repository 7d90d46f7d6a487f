import type { Position, ProjectId, StreamId } from '../../domain/identifiers.js';
import type { DirectoryKeyKind } from '../../domain/streams.js';
import type { StreamHead } from '../append-plan.js';
import { LedgerCorrupted, LedgerError } from '../ledger.errors.js';
import { parseState } from '../stored-rows.js';
import type { HeadMemory, LedgerGround } from './head-memory.js';
import type { PostgresConnections } from './postgres-connection.js';

/** A unique key that is looked up. */
export interface WantedKey {
  readonly project: ProjectId;
  readonly keyKind: DirectoryKeyKind;
  readonly key: string;
}

/** A stream's row in the order that its head is made of. */
export type HeadColumns = readonly [
  project: string,
  version: number,
  lastPosition: Position,
  digest: string,
  state: string,
];

/** What one statement saw: the ground, and streams and keys of which absent ones are undefined. */
export interface LoadedHeads {
  readonly ground: LedgerGround;
  readonly heads: ReadonlyMap<StreamId, StreamHead | undefined>;
  readonly keys: ReadonlyMap<string, StreamId | undefined>;
}

type LoadedRow = readonly [
  directoryVersion: number,
  directoryNonce: string,
  origin: string,
  epoch: number,
  lastAppendedAt: number,
  /** Where in the list of wanted streams or keys; null in the only row of a load that found nothing. */
  place: number | null,
  streamId: StreamId,
  ...head: HeadColumns,
];

const LOAD = {
  name: 'ledger.load',
  text: `SELECT v.version, v.nonce, l.origin, l.epoch, coalesce(e.appended_at, 0), f.*
    FROM ledger.directory_version v
    CROSS JOIN LATERAL (
      SELECT origin, epoch FROM ledger.logs WHERE log_id = 0 ORDER BY epoch DESC LIMIT 1) l
    LEFT JOIN LATERAL (
      SELECT appended_at FROM ledger.events WHERE log_id = 0 ORDER BY position DESC LIMIT 1) e ON true
    LEFT JOIN LATERAL (
      SELECT NULL::bigint AS place, stream_id, project_id, version, last_position, digest, state
      FROM ledger.streams WHERE log_id = 0 AND stream_id = ANY ($1)
      UNION ALL
      SELECT w.place, k.stream_id, NULL, NULL, NULL, NULL, NULL
      FROM unnest($2::text[], $3::text[], $4::text[]) WITH ORDINALITY
        AS w (project_id, key_kind, key, place)
      JOIN ledger.directory_keys k USING (project_id, key_kind, key)) f ON true`,
};

/** The name of a wanted key in a map. */
export function nameOfKey({ project, keyKind, key }: WantedKey): string {
  return `${keyKind} ${project} ${key}`;
}

/** A stream's head out of its row. Throws LedgerCorrupted when its state cannot be read. */
export function headOf(streamId: StreamId, row: HeadColumns): StreamHead {
  const [project, version, lastPosition, digest, state] = row;
  return {
    project: project as ProjectId,
    version,
    lastPosition,
    digest,
    state: parseState(streamId, state),
  };
}

/**
 * Reads the ground, streams and keys as they stand at one moment. Throws a LedgerError: of a ledger
 * that is older than this process remembers it, `ledger_rolled_back`.
 */
export async function loadHeads(
  connections: PostgresConnections,
  memory: HeadMemory,
  streamIds: readonly StreamId[],
  keys: readonly WantedKey[],
): Promise<LoadedHeads> {
  // Of now: while this waits, others may learn more than it will find.
  const seen = memory.ground;
  const wanted = keys.filter(({ project, key }) => isText(project) && isText(key));
  const rows = await connections.rows<LoadedRow>(LOAD, [
    streamIds.filter(isText),
    wanted.map(({ project }) => project),
    wanted.map(({ keyKind }) => keyKind),
    wanted.map(({ key }) => key),
  ]);
  const [first] = rows;
  if (first === undefined) throw new LedgerCorrupted('the log or the directory has no row');
  const [directoryVersion, directoryNonce, origin, epoch, lastAppendedAt] = first;
  const ground = { directoryVersion, directoryNonce, origin, epoch, lastAppendedAt };
  refuseOlder(ground, seen);
  const heads = new Map<StreamId, StreamHead | undefined>(streamIds.map((id) => [id, undefined]));
  const holders = new Map<string, StreamId | undefined>(
    keys.map((key) => [nameOfKey(key), undefined]),
  );
  for (const [, , , , , place, streamId, ...head] of rows) {
    const key = place === null ? undefined : wanted[place - 1];
    if (key !== undefined) holders.set(nameOfKey(key), streamId);
    else if (streamId !== null) heads.set(streamId, headOf(streamId, head));
  }
  return { ground, heads, keys: holders };
}

/**
 * Throws a LedgerError `ledger_rolled_back` when a ledger is older than it was seen to be before, or has
 * another directory that was changed as often.
 */
export function refuseOlder(ground: LedgerGround, seen: LedgerGround | undefined): void {
  if (seen === undefined || ground.directoryVersion > seen.directoryVersion) return;
  if (ground.directoryNonce === seen.directoryNonce) return;
  throw new LedgerError(
    'ledger_rolled_back',
    'an old copy of the ledger was put in its place while this node ran: its directory is at ' +
      `version ${ground.directoryVersion} and was at ${seen.directoryVersion}`,
  );
}

/** PostgreSQL has no text with a NUL in it: there is no stream or key of such a name. */
function isText(text: string): boolean {
  return !text.includes('\0');
}
