import type { Instant, StreamId } from '../../domain/identifiers.js';
import type { StreamHead } from '../append-plan.js';
import type { FedEvent } from '../ledger-feed.port.js';
import type { KnownLedger } from './decision-turn.js';
import { type HeadMemory, isDirectoryStream, type LedgerGround } from './head-memory.js';
import type { LoadedHeads } from './head.reader.js';

/** What a flush has loaded, beside what the process remembers. */
export class LoadedLedger {
  private readonly streams = new Map<StreamId, StreamHead | undefined>();
  /** Streams of the directory and keys, under its nonce. */
  private readonly directory = new Map<StreamId, StreamHead | undefined>();
  private readonly keys = new Map<string, StreamId | undefined>();
  private directoryNonce: string | undefined;
  private readonly histories = new Map<string, readonly FedEvent[]>();

  constructor(private readonly memory: HeadMemory) {}

  /** Whether the stream needs no load for a decision on it. */
  knows(streamId: StreamId): boolean {
    return this.loadedOf(streamId).has(streamId) || this.memory.knows(streamId);
  }

  /** Takes what a load found. */
  add({ ground, heads, keys }: LoadedHeads): void {
    this.learn(ground);
    for (const [streamId, head] of heads) {
      if (!isDirectoryStream(streamId)) {
        this.streams.set(streamId, head);
        this.memory.find(streamId, head?.version);
      } else if (ground.directoryNonce === this.directoryNonce) {
        this.directory.set(streamId, head);
        this.memory.keepDirectory(streamId, head, ground.directoryNonce);
      }
    }
    if (ground.directoryNonce !== this.directoryNonce) return;
    for (const [name, holder] of keys) this.keys.set(name, holder);
  }

  /** Takes the history of a stream at a version, which never changes. */
  addHistory(name: string, history: readonly FedEvent[]): void {
    this.histories.set(name, history);
  }

  /** Learns how the ledger stands now; what was loaded of another directory is void. */
  learn(ground: LedgerGround): void {
    this.memory.see(ground);
    const nonce = this.memory.ground?.directoryNonce ?? ground.directoryNonce;
    if (nonce === this.directoryNonce) return;
    this.directoryNonce = nonce;
    this.directory.clear();
    this.keys.clear();
  }

  /** Takes streams as somebody else left them. */
  refresh(fresh: ReadonlyMap<StreamId, StreamHead | undefined>): void {
    for (const [streamId, head] of fresh) {
      this.memory.share(streamId);
      this.streams.set(streamId, head);
    }
  }

  /**
   * Takes streams as they were just written, under the directory's nonce of then: others may have
   * changed them since.
   */
  keep(heads: ReadonlyMap<StreamId, StreamHead>, directoryNonce: string): void {
    for (const [streamId, head] of heads) {
      this.loadedOf(streamId).delete(streamId);
      if (isDirectoryStream(streamId)) {
        this.memory.keepDirectory(streamId, head, directoryNonce);
      } else this.memory.keepWritten(streamId, head);
    }
  }

  /** Forgets streams that may or may not have been written. */
  forget(streamIds: readonly StreamId[]): void {
    for (const streamId of streamIds) {
      this.loadedOf(streamId).delete(streamId);
      this.memory.forget(streamId);
    }
  }

  /** What a turn is taken on now; `ground` is the newest that the memory saw. */
  known(ground: LedgerGround, recordedAt: Instant): KnownLedger {
    if (ground.directoryNonce !== this.directoryNonce) this.learn(ground);
    return {
      ground,
      recordedAt,
      knows: (streamId) => this.knows(streamId),
      head: (streamId) => {
        const loaded = this.loadedOf(streamId);
        return loaded.has(streamId) ? loaded.get(streamId) : this.memory.head(streamId);
      },
      knowsKey: (name) => this.keys.has(name),
      holder: (name) => this.keys.get(name),
      history: (name) => this.histories.get(name),
    };
  }

  private loadedOf(streamId: StreamId): Map<StreamId, StreamHead | undefined> {
    return isDirectoryStream(streamId) ? this.directory : this.streams;
  }
}
