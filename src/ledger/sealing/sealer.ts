import type { Instant, Position } from '../../domain/identifiers.js';
import { leafHash } from '../../tlog/merkle-tree.js';
import { LedgerCorrupted, LedgerError } from '../ledger.errors.js';
import type { SealedCheckpoint } from '../seals.port.js';
import type { StoredEvent } from '../verification/ledger.source.js';
import type { CheckpointFile } from './checkpoint-file.js';
import type { CheckpointSigner } from './checkpoint-signer.js';
import { eventsBetween } from './event-range.js';
import { refuseRollback } from './rollback-check.js';
import type { SealStore } from './seal-store.port.js';
import { SealedTree } from './sealed-tree.js';
import { type Refolded, StreamRefold } from './stream-refold.js';

/**
 * So many events go into one checkpoint at most: its tiles are written in a few milliseconds, and all
 * of its events are in memory at once.
 */
const EVENTS_MAX = 2048;

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

/** What a seal came to: the new head, and the events that it is over besides those of the old one. */
interface Sealed {
  readonly head: SealedHead;
  readonly events: readonly StoredEvent[];
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
   * Seals what was committed, at most 2,048 events of it. True when there were as many, and may be more:
   * what comes meanwhile waits for the next time, as a checkpoint costs the same for a few. Throws a
   * LedgerError or the file system's error; the next call tries again. When the ledger is no longer what
   * the file says, the error is `ledger_rolled_back`, and nothing is filed.
   */
  async seal(): Promise<boolean> {
    const head = this.head ?? (await this.load());
    const from = head.tree.size;
    // Until it has succeeded: what fails half way is read again.
    this.head = undefined;
    const sealed = await this.sealOn(head);
    this.head = sealed?.head;
    const to = this.head?.tree.size ?? from;
    const checkpoint = this.head?.checkpoint;
    if (checkpoint !== undefined) this.repeat(checkpoint);
    if (sealed !== undefined && checkpoint !== undefined && to > from) {
      this.parts.observer?.sealed?.(checkpoint);
      await this.checkStreams(sealed.events);
    }
    return this.head === undefined || to - from === EVENTS_MAX;
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
  private async sealOn(head: SealedHead): Promise<Sealed | undefined> {
    const { store } = this.parts;
    const { checkpoint: base, tree } = head;
    const count = await store.eventCount();
    if (count < tree.size) {
      throw new LedgerError(
        'ledger_rolled_back',
        `an old copy of the ledger was put back: it has ${count} events and ${tree.size} are sealed`,
      );
    }
    const upTo = Math.min(count, tree.size + EVENTS_MAX);
    const events = await eventsBetween(store, tree.size, upTo);
    if (count === tree.size) return { head, events };
    requireDense(events, tree.size, upTo);
    const tiles = tree.grow(Buffer.concat(events.map(({ body }) => leafHash(body))));
    const checkpoint = await this.sign(tree);
    if (!(await store.append(base, { tiles, checkpoint }))) return undefined;
    return { head: { checkpoint, tree }, events };
  }

  private async sign(tree: SealedTree): Promise<SealedCheckpoint> {
    const { store, signer, clock = Date.now } = this.parts;
    const { origin, epoch } = await store.log();
    const { size } = tree;
    const root = tree.root();
    const note = signer.sign({ origin, size, root });
    return { note, origin, epoch, size, root, sealedAt: clock() };
  }

  private async checkStreams(events: readonly StoredEvent[]): Promise<void> {
    const refolded = await this.refold.check(events);
    this.parts.observer?.refolded?.(refolded);
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

/** Throws LedgerCorrupted unless these are all events from a position to below another one. */
function requireDense(events: readonly StoredEvent[], from: Position, to: Position): void {
  for (let position = from; position < to; position += 1) {
    if (events[position - from]?.position === position) continue;
    throw new LedgerCorrupted(`the event at position ${position} is missing`);
  }
}
