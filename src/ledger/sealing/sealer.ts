import type { Instant } from '../../domain/identifiers.js';
import { leafHash } from '../../tlog/merkle-tree.js';
import type { SealedCheckpoint } from '../seals.port.js';
import type { CheckpointFile } from './checkpoint-file.js';
import type { CheckpointSigner } from './checkpoint-signer.js';
import type { SealStore } from './seal-store.port.js';
import { SealedTree } from './sealed-tree.js';
import { type Refolded, StreamRefold } from './stream-refold.js';

/**
 * So many events go into one checkpoint at most: its tiles are written in a few milliseconds, and all
 * of its events are in memory at once.
 */
const EVENTS_MAX = 2048;
const PAGE_ROWS = 1000;

/** What a sealer tells of its work. */
export interface SealObserver {
  /** A checkpoint is durable in the ledger. */
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

  constructor(private readonly parts: SealerParts) {
    this.refold = new StreamRefold(parts.store);
  }

  /**
   * Seals what was committed, at most 2,048 events of it. True when there may be more. Throws a
   * LedgerError or the file system's error; the next call tries again.
   */
  seal(): boolean {
    const head = this.head ?? this.load();
    const from = head.tree.size;
    // Until it has succeeded: what fails half way is read again.
    this.head = undefined;
    this.head = this.sealOn(head);
    const to = this.head?.tree.size ?? from;
    if (to > from) this.parts.observer?.refolded?.(this.refold.check(from, to));
    if (this.head?.checkpoint !== undefined) this.repeat(this.head.checkpoint);
    return this.head === undefined || this.parts.store.eventCount() > to;
  }

  close(): void {
    this.parts.store.close();
  }

  private load(): SealedHead {
    const { store } = this.parts;
    const checkpoint = store.newestCheckpoint();
    this.isContinued ||= checkpoint !== undefined;
    return { checkpoint, tree: SealedTree.under(checkpoint, store) };
  }

  /** What follows a head; the head itself when nothing was committed, undefined when another sealed. */
  private sealOn(head: SealedHead): SealedHead | undefined {
    const { store, observer } = this.parts;
    const { checkpoint: base, tree } = head;
    const leaves = this.leaves(tree.size, Math.min(store.eventCount() - tree.size, EVENTS_MAX));
    if (leaves.length === 0) return head;
    const tiles = tree.grow(leaves);
    const checkpoint = this.sign(tree);
    if (!store.append(base, { tiles, checkpoint })) return undefined;
    observer?.sealed?.(checkpoint);
    return { checkpoint, tree };
  }

  private leaves(from: number, count: number): Buffer[] {
    const leaves: Buffer[] = [];
    while (leaves.length < count) {
      const rows = Math.min(PAGE_ROWS, count - leaves.length);
      const bodies = this.parts.store.bodies(from + leaves.length, rows);
      if (bodies.length === 0) break;
      for (const body of bodies) leaves.push(leafHash(body));
    }
    return leaves;
  }

  private sign(tree: SealedTree): SealedCheckpoint {
    const { store, signer, clock = Date.now } = this.parts;
    const { origin, epoch } = store.log();
    const { size } = tree;
    const root = tree.root();
    const note = signer.sign({ origin, size, root });
    return { note, origin, epoch, size, root, sealedAt: clock() };
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
