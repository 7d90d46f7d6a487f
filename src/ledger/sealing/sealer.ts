import type { Instant } from '../../domain/identifiers.js';
import { HASH_BYTES } from '../../tlog/merkle-tree.js';
import type { FedEvent } from '../ledger-feed.port.js';
import { LedgerCorrupted, LedgerError } from '../ledger.errors.js';
import type { SealedCheckpoint } from '../seals.port.js';
import type { CheckpointFile } from './checkpoint-file.js';
import type { CheckpointSigner } from './checkpoint-signer.js';
import { refuseRollback } from './rollback-check.js';
import type { SealStore } from './seal-store.port.js';
import { SealedTree } from './sealed-tree.js';
import { type Refolded, StreamRefold } from './stream-refold.js';
import { UnsealedEvents } from './unsealed-events.js';

/** So many events go into one checkpoint at most: its tiles are written in a few milliseconds. */
const EVENTS_MAX = 16_384;

/** What a sealer tells of its work. */
export interface SealObserver {
  /** A checkpoint is durable in the ledger and repeated in the file. */
  sealed?(checkpoint: SealedCheckpoint): void;
  /** Streams that went on were folded again and compared with their rows. */
  refolded?(refolded: Refolded): void;
  /** There are checkpoints, and the file that repeats them is gone: it begins anew with this one. */
  fileMissing?(checkpoint: SealedCheckpoint): void;
}

/** What a sealer works with. */
export interface SealerParts {
  readonly store: SealStore;
  readonly file: CheckpointFile;
  readonly signer: CheckpointSigner;
  readonly clock?: () => Instant;
  readonly observer?: SealObserver;
}

/** The tree under the newest checkpoint, and what to sign on. */
interface SealedHead {
  readonly checkpoint: SealedCheckpoint | undefined;
  readonly tree: SealedTree;
}

/**
 * Integrates new events into the tree, signs its head and repeats that in the file. What a crash cut
 * short is completed by the next call: the tree goes on from the newest checkpoint in the ledger, and
 * one that the file does not have yet is added to it.
 */
export class Sealer {
  private head: SealedHead | undefined;
  /** The newest note that the file is known to have. */
  private filed: string | undefined;
  /** Whether there were checkpoints already, which the file should have. */
  private isContinued = false;
  private readonly refold: StreamRefold;
  private readonly unsealed: UnsealedEvents;

  constructor(private readonly parts: SealerParts) {
    this.refold = new StreamRefold(parts.store);
    this.unsealed = new UnsealedEvents(parts.store, this.refold);
  }

  /** Takes events of the ledger, in order, that were read anyway: the next seal does not read them. */
  take(events: readonly FedEvent[]): void {
    this.unsealed.take(events);
  }

  /**
   * Seals what was committed, at most 16,384 events of it. True when there may be more. Throws a
   * LedgerError or the file system's error; the next call tries again. When the ledger is no longer what
   * the file says, the error is `ledger_rolled_back`, and nothing is filed.
   */
  async seal(): Promise<boolean> {
    const head = this.head ?? (await this.load());
    const from = head.tree.size;
    // Until it has succeeded: what fails half way is read again.
    this.head = undefined;
    this.head = await this.sealOn(head);
    const to = this.head?.tree.size ?? from;
    const checkpoint = this.head?.checkpoint;
    if (checkpoint !== undefined) this.repeat(checkpoint);
    if (checkpoint !== undefined && to > from) {
      this.parts.observer?.sealed?.(checkpoint);
      await this.checkStreams();
    }
    return this.head === undefined || (await this.parts.store.eventCount()) > to;
  }

  /**
   * Repeats in the file what another node has sealed; the next seal goes on from there. Throws like
   * `seal`.
   */
  async follow(): Promise<void> {
    this.head = undefined;
    const checkpoint = await this.parts.store.newestCheckpoint();
    await this.expectFiled(checkpoint);
    if (checkpoint !== undefined) this.repeat(checkpoint);
  }

  async close(): Promise<void> {
    await this.parts.store.close();
  }

  private async load(): Promise<SealedHead> {
    const { store } = this.parts;
    const checkpoint = await store.newestCheckpoint();
    this.isContinued ||= checkpoint !== undefined;
    const tree = await SealedTree.under(checkpoint, store);
    await this.expectFiled(checkpoint);
    return { checkpoint, tree };
  }

  /** Throws `ledger_rolled_back` when the newest checkpoint is of a ledger that is not the file's. */
  private async expectFiled(checkpoint: SealedCheckpoint | undefined): Promise<void> {
    const { store, file } = this.parts;
    if (checkpoint?.note !== this.filed) await refuseRollback(store, file);
  }

  /** What follows a head; the head itself when nothing was committed, undefined when another sealed. */
  private async sealOn(head: SealedHead): Promise<SealedHead | undefined> {
    const { store } = this.parts;
    const { checkpoint: base, tree } = head;
    const count = await store.eventCount();
    if (count < tree.size) {
      throw new LedgerError(
        'ledger_rolled_back',
        `an old copy of the ledger was put back: it has ${count} events and ${tree.size} are sealed`,
      );
    }
    if (count === tree.size) return head;
    const upTo = Math.min(count, tree.size + EVENTS_MAX);
    const hashes = await this.unsealed.hashes(tree.size, upTo);
    const hashed = tree.size + hashes.length / HASH_BYTES;
    if (hashed < upTo) throw new LedgerCorrupted(`the event at position ${hashed} is missing`);
    const tiles = tree.grow(hashes);
    const checkpoint = await this.sign(tree);
    if (!(await store.append(base, { tiles, checkpoint }))) return undefined;
    this.unsealed.sealed(tree.size);
    return { checkpoint, tree };
  }

  private async sign(tree: SealedTree): Promise<SealedCheckpoint> {
    const { store, signer, clock = Date.now } = this.parts;
    const { origin, epoch } = await store.log();
    const { size } = tree;
    const root = tree.root();
    const note = signer.sign({ origin, size, root });
    return { note, origin, epoch, size, root, sealedAt: clock() };
  }

  private async checkStreams(): Promise<void> {
    this.parts.observer?.refolded?.(await this.refold.check());
  }

  /** Repeats a checkpoint in the file, unless it is there. */
  private repeat(checkpoint: SealedCheckpoint): void {
    const { note, sealedAt } = checkpoint;
    if (this.filed === note) return;
    const { file, observer } = this.parts;
    const last = file.last();
    if (last?.note !== note) file.append({ at: sealedAt, note });
    const isMissed = this.isContinued || this.filed !== undefined;
    if (last === undefined && isMissed) observer?.fileMissing?.(checkpoint);
    this.filed = note;
  }
}
