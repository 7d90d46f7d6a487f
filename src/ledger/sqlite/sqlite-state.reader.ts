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
/** How many other streams are kept in memory, those that were used last, about 3 kB each. */
const OTHER_STREAMS_MAX = 4096;

/** No version is negative. */
const UNKNOWN = -1;

/**
 * Reads states on the ledger's own handle. What was read or committed is kept until SQLite says that
 * another connection has committed anything; every transaction asks for that first. States of the directory
 * are kept even then, unless its version has grown, which it does with each change of any process.
 * What a transaction has written itself must not be read here before its commit, or its rollback would
 * leave it in memory.
 */
export class SqliteStateReader implements StateReader {
  private readonly directory = new BoundedMap<StreamId, StreamHead>(DIRECTORY_STREAMS_MAX);
  private readonly others = new BoundedMap<StreamId, StreamHead>(OTHER_STREAMS_MAX);
  private directoryVersion = UNKNOWN;
  private dataVersion = UNKNOWN;

  constructor(private readonly statements: LedgerStatements) {}

  /** Drops what others may have changed since. Once per transaction, in it. */
  refresh(): void {
    const dataVersion = this.statements.dataVersion.get()?.[0] ?? UNKNOWN;
    if (dataVersion === this.dataVersion && this.directoryVersion !== UNKNOWN) return;
    const version = this.statements.directoryVersion.get()?.[0];
    if (version === undefined) throw new LedgerCorrupted('the directory has no version');
    if (version !== this.directoryVersion) this.directory.clear();
    this.directoryVersion = version;
    if (dataVersion !== this.dataVersion) this.others.clear();
    this.dataVersion = dataVersion;
  }

  /** Keeps what a transaction of this handle has written, once it is committed. */
  keep(streamId: StreamId, head: StreamHead): void {
    this.others.set(streamId, head);
  }

  /** Drops the directory, once a transaction of this handle that changed it is committed. */
  forgetDirectory(): void {
    this.directory.clear();
    this.directoryVersion = UNKNOWN;
  }

  /** Drops everything, when nobody knows what a transaction of this handle has left behind. */
  forget(): void {
    this.forgetDirectory();
    this.others.clear();
    this.dataVersion = UNKNOWN;
  }

  /** The head of a stream as the tables have it now, or undefined. */
  head(streamId: StreamId): StreamHead | undefined {
    const kept = this.directory.get(streamId) ?? this.others.get(streamId);
    if (kept !== undefined) return kept;
    const row = this.statements.stream.get(streamId);
    if (row === undefined) return undefined;
    const [, kind, project, version, lastPosition, digest, stateText] = row;
    const state = parseState(streamId, stateText);
    const head = { project: project as ProjectId, version, lastPosition, digest, state };
    const isOfDirectory = DIRECTORY_KINDS.has(kind as StreamKind);
    (isOfDirectory ? this.directory : this.others).set(streamId, head);
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
