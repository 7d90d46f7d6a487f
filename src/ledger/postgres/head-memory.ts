import { BoundedMap } from '../../config/bounded-map.js';
import type { Instant, Position, StreamId, StreamKind } from '../../domain/identifiers.js';
import { DIRECTORY_KINDS } from '../../domain/streams.js';
import type { StreamHead } from '../append-plan.js';
import type { LogIdentity } from '../ledger-feed.port.js';

/** How many clients, accounts, projects and keys are kept in memory. */
const DIRECTORY_STREAMS_MAX = 10_000;
/** How many ids of the directory are remembered that there is nothing under. */
const ABSENT_MAX = 10_000;
/** How many of the streams that were written last are kept in memory, about 3 kB each. */
const WRITTEN_STREAMS_MAX = 4096;

/** What every decision is made on besides streams, as one statement saw it. */
export interface LedgerGround extends LogIdentity {
  /** How often the directory was changed. */
  readonly directoryVersion: number;
  /** Of the last of these changes and of no other, also not in a copy. */
  readonly directoryNonce: string;
  /** When the last event was appended; 0 before the first. */
  readonly lastAppendedAt: Instant;
}

/** Whether a stream is of a kind whose changes grow the directory's version. */
export function isDirectoryStream(streamId: StreamId): boolean {
  return DIRECTORY_KINDS.has(streamId.slice(0, streamId.indexOf(':')) as StreamKind);
}

/**
 * What a process remembers of the ledger. Streams of the directory are exact under its nonce: whoever
 * uses them compares that. Other streams are as this process wrote them, and others may have gone on
 * since: an append compares their versions. Those that another process was found to write as well are not
 * remembered: to load them costs less than to decide on what is old and to be refused.
 */
export class HeadMemory {
  private readonly directory = new BoundedMap<StreamId, StreamHead>(DIRECTORY_STREAMS_MAX);
  private readonly absent = new BoundedMap<StreamId, true>(ABSENT_MAX);
  private readonly written = new BoundedMap<StreamId, StreamHead>(WRITTEN_STREAMS_MAX);
  /** Streams that others write too: the version at which this process left each. */
  private readonly shared = new BoundedMap<StreamId, number>(WRITTEN_STREAMS_MAX);
  private newest: LedgerGround | undefined;
  private durable: Position = 0;

  /** The newest ground that was seen; undefined before the first. */
  get ground(): LedgerGround | undefined {
    return this.newest;
  }

  /** How many events the ledger has at least: up to the newest that this process wrote. */
  get size(): Position {
    return this.durable;
  }

  /**
   * Learns how many events the ledger had after a commit of this process: all of them are durable. What is
   * only read may be lost with its primary before a synchronous standby has it.
   */
  commit(size: Position): void {
    this.durable = Math.max(this.durable, size);
  }

  /** Learns how the ledger stood: neither the directory's version nor the time ever runs backwards. */
  see(ground: LedgerGround): void {
    const known = this.newest;
    if (known !== undefined && ground.directoryVersion < known.directoryVersion) return;
    if (known?.directoryNonce !== ground.directoryNonce) {
      this.directory.clear();
      this.absent.clear();
    }
    const lastAppendedAt = Math.max(ground.lastAppendedAt, known?.lastAppendedAt ?? 0);
    this.newest = { ...ground, lastAppendedAt };
  }

  /** Whether a stream is remembered, or that there is none. */
  knows(streamId: StreamId): boolean {
    return this.head(streamId) !== undefined || this.absent.get(streamId) === true;
  }

  /** The head of a stream, if it is remembered. */
  head(streamId: StreamId): StreamHead | undefined {
    return this.directory.get(streamId) ?? this.written.get(streamId);
  }

  /** Remembers a stream of the directory as it stood after that change; undefined: there was none. */
  keepDirectory(streamId: StreamId, head: StreamHead | undefined, directoryNonce: string): void {
    if (directoryNonce !== this.newest?.directoryNonce) return;
    if (head === undefined) this.absent.set(streamId, true);
    else this.directory.set(streamId, head);
  }

  /** Remembers any other stream as this process wrote it, unless others write it too. */
  keepWritten(streamId: StreamId, head: StreamHead): void {
    if (this.shared.get(streamId) === undefined) this.written.set(streamId, head);
    else this.shared.set(streamId, head.version);
  }

  /** Learns that another process has written a stream since this one did. */
  share(streamId: StreamId): void {
    this.forget(streamId);
    this.shared.set(streamId, 0);
  }

  /** Learns at which version a stream was found: if this process left it there, it is its own again. */
  find(streamId: StreamId, version: number | undefined): void {
    if (this.shared.get(streamId) === version) this.shared.delete(streamId);
  }

  /** Forgets a stream that others may have written. */
  forget(streamId: StreamId): void {
    this.written.delete(streamId);
  }
}
