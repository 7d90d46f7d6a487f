import type { Position, ProjectId, StreamId, StreamKind } from '../../domain/identifiers.js';
import { streamIdOf } from '../../domain/identifiers.js';
import { DIRECTORY_KINDS, type StateOf } from '../../domain/streams.js';
import type { DirectoryKeyKind, StateReader } from '../ledger.port.js';
import type { LedgerStatements } from './ledger-statements.js';

/** A stream as it stands: its state and where its next event goes. */
export interface StreamHead {
  readonly kind: StreamKind;
  readonly version: number;
  readonly lastPosition: Position;
  readonly state: StateOf<StreamKind>;
}

/** How many clients, accounts, projects and keys are kept in memory. */
const CACHED_STREAMS_MAX = 10_000;

/**
 * Reads states on the ledger's own handle. States of the directory are cached and stay exact: every
 * read asks for the directory's version first, which grows with each change of any process.
 */
export class SqliteStateReader implements StateReader {
  private readonly cache = new Map<StreamId, StreamHead>();
  private cachedVersion = -1;

  constructor(private readonly statements: LedgerStatements) {}

  /** Drops what is cached if any process has changed the directory since. Once per transaction. */
  refresh(): void {
    const version = this.statements.directoryVersion.get()?.[0] ?? 0;
    if (version === this.cachedVersion) return;
    this.cache.clear();
    this.cachedVersion = version;
  }

  /** The head of a stream as the tables have it now, or undefined. */
  head(kind: StreamKind, streamId: StreamId): StreamHead | undefined {
    const cached = this.cache.get(streamId);
    if (cached !== undefined) return cached;
    const row = this.statements.stream.get(streamId);
    if (row === undefined) return undefined;
    const [, , version, lastPosition, state] = row;
    const head = { kind, version, lastPosition, state: JSON.parse(state) as StateOf<StreamKind> };
    if (DIRECTORY_KINDS.has(kind)) this.remember(streamId, head);
    return head;
  }

  /** The state of the stream `<kind>:<id>`. */
  find<Kind extends StreamKind>(kind: Kind, id: string): StateOf<Kind> | undefined {
    return this.head(kind, streamIdOf(kind, id))?.state as StateOf<Kind> | undefined;
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
