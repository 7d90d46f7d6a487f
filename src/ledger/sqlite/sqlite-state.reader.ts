import {
  type ProjectId,
  type StreamId,
  type StreamKind,
  streamIdOf,
} from '../../domain/identifiers.js';
import { DIRECTORY_KINDS, type DirectoryKeyKind, type StateOf } from '../../domain/streams.js';
import type { StreamHead } from '../append-plan.js';
import { BoundedMap } from '../../config/bounded-map.js';
import { LedgerCorrupted } from '../ledger.errors.js';
import type { StateReader } from '../ledger.port.js';
import { parseState } from '../stored-rows.js';
import type { LedgerStatements } from './ledger-statements.js';

/** How many clients, accounts, projects and keys are kept in memory. */
const DIRECTORY_STREAMS_MAX = 10_000;
/** How many of the streams that were written last are kept in memory, about 3 kB each. */
const WRITTEN_STREAMS_MAX = 4096;

/**
 * Reads states on the ledger's own handle. States of the directory are kept and stay exact: every
 * read asks for the directory's version first, which grows with each change of any process. Other
 * streams are kept as this handle committed them, until SQLite says that another connection has
 * committed anything. What a transaction has written itself must not be read here before its commit,
 * or its rollback would leave it in memory.
 */
export class SqliteStateReader implements StateReader {
  private readonly directory = new BoundedMap<StreamId, StreamHead>(DIRECTORY_STREAMS_MAX);
  private readonly written = new BoundedMap<StreamId, StreamHead>(WRITTEN_STREAMS_MAX);
  private directoryVersion = -1;
  private dataVersion = -1;

  constructor(private readonly statements: LedgerStatements) {}

  /** Drops what others may have changed since. Once per transaction, in it. */
  refresh(): void {
    const version = this.statements.directoryVersion.get()?.[0];
    if (version === undefined) throw new LedgerCorrupted('the directory has no version');
    if (version !== this.directoryVersion) this.directory.clear();
    this.directoryVersion = version;
    const dataVersion = this.statements.dataVersion.get()?.[0] ?? -1;
    if (dataVersion !== this.dataVersion) this.written.clear();
    this.dataVersion = dataVersion;
  }

  /** Keeps what a transaction of this handle has written, once it is committed. */
  keep(streamId: StreamId, head: StreamHead): void {
    this.written.set(streamId, head);
  }

  /** The head of a stream as the tables have it now, or undefined. */
  head(streamId: StreamId): StreamHead | undefined {
    const kept = this.directory.get(streamId) ?? this.written.get(streamId);
    if (kept !== undefined) return kept;
    const row = this.statements.stream.get(streamId);
    if (row === undefined) return undefined;
    const [, kind, project, version, lastPosition, digest, stateText] = row;
    const state = parseState(streamId, stateText);
    const head = { project: project as ProjectId, version, lastPosition, digest, state };
    if (DIRECTORY_KINDS.has(kind as StreamKind)) this.directory.set(streamId, head);
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
}
