import {
  type Instant,
  type StreamId,
  type StreamKind,
  streamIdOf,
} from '../../domain/identifiers.js';
import { DIRECTORY_KINDS, type StateOf } from '../../domain/streams.js';
import {
  type AnyExecution,
  type AppendPlan,
  planAppend,
  type PlannedStream,
  type StreamHead,
} from '../append-plan.js';
import type { FedEvent } from '../ledger-feed.port.js';
import type { LoadedStream } from '../ledger.port.js';
import { isDirectoryStream, type LedgerGround } from './head-memory.js';
import { nameOfKey, type WantedKey } from './head.reader.js';

/** A part of a stream's history that a decision asks for. */
export interface WantedHistory {
  readonly streamId: StreamId;
  readonly head: StreamHead;
  readonly limit: number;
}

/** What decisions asked for and nobody has loaded yet. */
export class Missing {
  readonly streams = new Set<StreamId>();
  readonly keys = new Map<string, WantedKey>();
  readonly histories = new Map<string, WantedHistory>();

  get isEmpty(): boolean {
    return this.streams.size + this.keys.size + this.histories.size === 0;
  }
}

/** What a turn is taken on: streams, keys and histories that are known, or absent by what is known. */
export interface KnownLedger {
  readonly ground: LedgerGround;
  readonly recordedAt: Instant;
  knows(streamId: StreamId): boolean;
  head(streamId: StreamId): StreamHead | undefined;
  knowsKey(name: string): boolean;
  holder(name: string): StreamId | undefined;
  history(name: string): readonly FedEvent[] | undefined;
}

/** The name of a wanted history in a map: the newest events of a stream at a version. */
export function nameOfHistory({ streamId, head, limit }: WantedHistory): string {
  return `${streamId} ${head.version} ${limit}`;
}

/** A decision that was taken, and what it was taken on. */
export interface TakenDecision<Item> {
  readonly item: Item;
  /** What it writes; undefined when it threw. */
  readonly plan: AppendPlan | undefined;
  readonly error: unknown;
  /** Decisions of one unit depend on each other: all of them are appended, or none. */
  unit: number;
}

/** A stream that decisions were taken on, as it stood before all of them. */
export interface SeenStream {
  readonly unit: number;
  readonly streamId: StreamId;
  readonly version: number;
  /** Undefined when there was none. */
  readonly digest: string | undefined;
}

/** Ends a decision that needs what is not loaded, or what stands only after a commit. */
class Interruption extends Error {}

/** Where an event stands is known after its commit only, and nothing in a turn asks for it. */
const AFTER_COMMIT = Number.NaN;

/** What a decision saw and wrote in its turn. */
type Taken<Item> = TakenDecision<Item> & { readonly streams: ReadonlySet<StreamId> };

/**
 * Takes decisions in order without waiting for anything: two on the same stream follow each other.
 * Nothing is written. A turn in which something is missing is void: what is missing is loaded, and
 * all is decided again, which is harmless because deciders are pure.
 */
export class DecisionTurn<Item extends { readonly execution: AnyExecution }> {
  readonly missing = new Missing();
  private readonly heads = new Map<StreamId, StreamHead>();
  private readonly units = new Map<StreamId, number>();
  private readonly taken: Taken<Item>[] = [];
  private touched = new Set<StreamId>();
  private interruption: 'missing' | 'after_commit' | undefined;

  constructor(private readonly known: KnownLedger) {}

  /** The decisions that were taken, oldest first. */
  get decisions(): readonly TakenDecision<Item>[] {
    return this.taken;
  }

  /** When what was decided is recorded. */
  get recordedAt(): Instant {
    return this.known.recordedAt;
  }

  /** What the turn was taken on. */
  get ground(): LedgerGround {
    return this.known.ground;
  }

  /**
   * Takes what can share a commit and answers with the rest: what changes the directory or the log
   * itself is committed alone.
   */
  take(items: readonly Item[]): readonly Item[] {
    for (const [index, item] of items.entries()) {
      const decision = this.decide(item);
      if (decision === 'after_commit') return items.slice(index);
      if (decision === 'missing') continue;
      const isAlone = (decision.plan?.streams ?? []).some(isCommittedAlone);
      if (isAlone && this.taken.length > 0) return items.slice(index);
      this.keep(decision);
      if (isAlone) return items.slice(index + 1);
    }
    return [];
  }

  /** The streams that decisions were taken on, without those that the directory's version is for. */
  seen(): readonly SeenStream[] {
    return [...this.units].map(([streamId, unit]) => ({
      unit,
      streamId,
      version: this.known.head(streamId)?.version ?? 0,
      digest: this.known.head(streamId)?.digest,
    }));
  }

  private decide(item: Item): Taken<Item> | 'missing' | 'after_commit' {
    this.touched = new Set();
    this.interruption = undefined;
    const { execution } = item;
    const streams = this.touched;
    try {
      const plan = planAppend(execution, execution.decide(this.loaded(execution)), {
        recordedAt: this.recordedAt,
        head: (streamId) => this.plannedHead(streamId),
      });
      return this.interruption ?? { item, plan, error: undefined, unit: 0, streams };
    } catch (error) {
      // A decider may have replaced what interrupted it.
      return this.interruption ?? { item, plan: undefined, error, unit: 0, streams };
    }
  }

  private loaded({ streamId }: AnyExecution): LoadedStream<StreamKind> {
    return {
      state: this.head(streamId)?.state,
      recordedAt: this.recordedAt,
      epoch: this.ground.epoch,
      find: <Kind extends StreamKind>(kind: Kind, id: string) =>
        this.head(streamIdOf(kind, id))?.state as StateOf<Kind> | undefined,
      findKey: (project, keyKind, key) => this.holder({ project, keyKind, key }),
      recent: (limit) => this.recent(streamId, limit),
    };
  }

  private head(streamId: StreamId): StreamHead | undefined {
    this.touched.add(streamId);
    const decided = this.heads.get(streamId);
    if (decided !== undefined) return decided;
    if (this.known.knows(streamId)) return this.known.head(streamId);
    this.missing.streams.add(streamId);
    return this.interrupt('missing');
  }

  /**
   * What a plan asks for besides what its decision did: mostly a stream that begins with it, whose id
   * was just made. So it is none until the append says otherwise.
   */
  private plannedHead(streamId: StreamId): StreamHead | undefined {
    const isNew = !this.known.knows(streamId) && !isDirectoryStream(streamId);
    if (!isNew || this.heads.has(streamId)) return this.head(streamId);
    this.touched.add(streamId);
    return undefined;
  }

  private holder(key: WantedKey): StreamId | undefined {
    const name = nameOfKey(key);
    if (this.known.knowsKey(name)) return this.known.holder(name);
    this.missing.keys.set(name, key);
    return this.interrupt('missing');
  }

  private recent(streamId: StreamId, limit: number): readonly FedEvent[] {
    // What this turn decided has no position before its commit.
    if (this.heads.has(streamId)) return this.interrupt('after_commit');
    const head = this.head(streamId);
    if (head === undefined) return [];
    const wanted = { streamId, head, limit };
    const name = nameOfHistory(wanted);
    const history = this.known.history(name);
    if (history !== undefined) return history;
    this.missing.histories.set(name, wanted);
    return this.interrupt('missing');
  }

  private interrupt(why: 'missing' | 'after_commit'): never {
    this.interruption ??= why;
    throw new Interruption();
  }

  private keep(decision: Taken<Item>): void {
    for (const { streamId, after } of decision.plan?.streams ?? []) {
      this.heads.set(streamId, { ...after, lastPosition: AFTER_COMMIT });
    }
    decision.unit = this.taken.push(decision);
    const streams = [...decision.streams].filter((streamId) => !isDirectoryStream(streamId));
    const joined = new Set(streams.flatMap((streamId) => this.units.get(streamId) ?? []));
    for (const streamId of streams) this.units.set(streamId, decision.unit);
    if (joined.size > 0) this.join(joined, decision.unit);
  }

  /** Makes one unit of several. */
  private join(joined: ReadonlySet<number>, unit: number): void {
    for (const decision of this.taken) if (joined.has(decision.unit)) decision.unit = unit;
    for (const [streamId, of] of this.units) if (joined.has(of)) this.units.set(streamId, unit);
  }
}

function isCommittedAlone({ kind }: PlannedStream): boolean {
  return kind === 'log' || DIRECTORY_KINDS.has(kind);
}
