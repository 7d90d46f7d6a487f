import {
  type ProjectId,
  type StreamId,
  type StreamKind,
  streamIdOf,
} from '../../domain/identifiers.js';
import { DIRECTORY_KINDS, type StateOf } from '../../domain/streams.js';
import type { StreamHead } from '../append-plan.js';
import { LedgerCorrupted } from '../ledger.errors.js';
import type { DirectoryKeyKind, StateReader } from '../ledger.port.js';
import type { LedgerStatements } from './ledger-statements.js';

/** How many clients, accounts, projects and keys are kept in memory. */
const CACHED_STREAMS_MAX = 10_000;

/**
 * Reads states on the ledger's own handle. States of the directory are cached and stay exact: every
 * read asks for the directory's version first, which grows with each change of any process. What a
 * transaction has written itself must not be read here, or its rollback would leave it in the cache.
 */
export class SqliteStateReader implements StateReader {
  private readonly cache = new Map<StreamId, StreamHead>();
  private cachedVersion = -1;

  constructor(private readonly statements: LedgerStatements) {}

  /** Drops what is cached if any process has changed the directory since. Once per transaction. */
  refresh(): void {
    const version = this.statements.directoryVersion.get()?.[0];
    if (version === undefined) throw new LedgerCorrupted('the directory has no version');
    if (version === this.cachedVersion) return;
    this.cache.clear();
    this.cachedVersion = version;
  }

  /** The head of a stream as the tables have it now, or undefined. */
  head(streamId: StreamId): StreamHead | undefined {
    const cached = this.cache.get(streamId);
    if (cached !== undefined) return cached;
    const row = this.statements.stream.get(streamId);
    if (row === undefined) return undefined;
    const [, kind, project, version, lastPosition, digest, stateText] = row;
    const state = parseState(streamId, stateText);
    const head = { project: project as ProjectId, version, lastPosition, digest, state };
    if (DIRECTORY_KINDS.has(kind as StreamKind)) this.remember(streamId, head);
    return head;
  }

  /** The state of the stream `<kind>:<id>`. */
  find<Kind extends StreamKind>(kind: Kind, id: string): StateOf<Kind> | undefined {
    return this.head(streamIdOf(kind, id))?.state as StateOf<Kind> | undefined;
  }

  /** The stream that holds a unique key. */
  findKey(project: ProjectId, keyKind: DirectoryKeyKind, key: string): StreamId | undefined {
    return this.statements.directoryKey.get(project, keyKind, key)?.[0] as StreamId | undefined;
  }

  private remember(streamId: StreamId, head: StreamHead): void {
    if (this.cache.size >= CACHED_STREAMS_MAX) {
      const oldest = this.cache.keys().next().value;
      if (oldest !== undefined) this.cache.delete(oldest);
    }
    this.cache.set(streamId, head);
  }
}

/** Reads a state as it is stored. Throws LedgerCorrupted when it is not JSON. */
export function parseState<Kind extends StreamKind>(streamId: string, text: string): StateOf<Kind> {
  try {
    return JSON.parse(text) as StateOf<Kind>;
  } catch (error) {
    throw new LedgerCorrupted(`the state of ${streamId} cannot be read`, { cause: error });
  }
}
