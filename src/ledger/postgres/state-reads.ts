import { type StreamId, streamIdOf } from '../../domain/identifiers.js';
import type { StateOf } from '../../domain/streams.js';
import type { StreamHead } from '../append-plan.js';
import { LedgerBusy, LedgerUnavailable } from '../ledger.errors.js';
import type { AskedRead } from '../asked-read.js';
import type { StateReader } from '../ledger.port.js';
import { type HeadMemory, isDirectoryStream } from './head-memory.js';
import { type LoadedHeads, loadHeads, nameOfKey, type WantedKey } from './head.reader.js';
import type { PostgresConnections } from './postgres-connection.js';

/** So many reads share a statement at most, and so many wait at most. */
const READS_MAX = 128;
const WAITING_MAX = 4096;
/** Statements are under way one at a time, but for those that take longer than this, in milliseconds. */
const PATIENCE = 20;
const STATEMENTS_MAX = 4;
/** A read that has waited so long for a statement is refused: its client has given up, or soon will. In ms. */
const WAIT_MAX = 2000;

/** Ends a query that asks for what is not loaded. */
class NotLoaded extends Error {}

/** A read with all that it has asked for so far. */
interface OpenRead extends AskedRead {
  /** By the process's monotonic clock, in milliseconds. */
  waitingSince: number;
  readonly streams: Set<StreamId>;
  readonly keys: Map<string, WantedKey>;
}

/**
 * Runs queries on states, each on those of one moment after it was asked. What is asked while a statement
 * is under way shares the next one: what one costs hardly grows with the states that it loads.
 */
export class StateReads {
  private waiting: OpenRead[] = [];
  private isScheduled = false;
  private running = 0;
  private overdue: NodeJS.Timeout | undefined;

  constructor(
    private readonly connections: PostgresConnections,
    private readonly memory: HeadMemory,
  ) {}

  /** Runs a query. Rejected with a LedgerError, or with what the query throws. */
  ask<Result>(query: (reader: StateReader) => Result): Promise<Result> {
    return new Promise<Result>((resolve, reject) => {
      if (this.waiting.length === WAITING_MAX) throw new LedgerBusy();
      const waitingSince = performance.now();
      const [streams, keys] = [new Set<StreamId>(), new Map<string, WantedKey>()];
      const read = { query, resolve, reject, waitingSince, streams, keys };
      // Before anything is loaded this only says what to begin with.
      this.isAnswered(read, undefined);
      this.waiting.push(read);
      this.schedule();
    });
  }

  private schedule(): void {
    if (this.running === STATEMENTS_MAX || this.isScheduled) return;
    const run = (): void => void this.run();
    if (this.running > 0) {
      this.overdue ??= setTimeout(run, PATIENCE);
      return;
    }
    this.isScheduled = true;
    setImmediate(run);
  }

  private async run(): Promise<void> {
    clearTimeout(this.overdue);
    this.overdue = undefined;
    this.isScheduled = false;
    this.running += 1;
    while (this.waiting.length > 0) {
      const reads = this.next();
      // Another one is begun if this takes long.
      if (this.waiting.length > 0) this.schedule();
      await this.answer(reads);
    }
    this.running -= 1;
  }

  /** Takes those that have waited longest, and refuses those that have waited too long. */
  private next(): readonly OpenRead[] {
    const oldest = performance.now() - WAIT_MAX;
    return this.waiting.splice(0, READS_MAX).filter(({ waitingSince, reject }) => {
      if (waitingSince >= oldest) return true;
      reject(new LedgerUnavailable('ledger_unavailable', 'too many reads are waiting'));
      return false;
    });
  }

  /**
   * Answers reads: what they ask for is loaded, and they are run again. Those that then ask for more go
   * first with the next statement, until one has loaded all that a read asked for; of the directory, what
   * is remembered is as exact.
   */
  private async answer(open: readonly OpenRead[]): Promise<void> {
    if (open.length === 0) return;
    try {
      const loaded = await this.load(open);
      const unfinished = open.filter((read) => !this.isAnswered(read, loaded));
      for (const read of unfinished) read.waitingSince = performance.now();
      this.waiting.unshift(...unfinished);
    } catch (error) {
      const isAlone = open.length === 1 || error instanceof LedgerUnavailable;
      if (isAlone) for (const { reject } of open) reject(error);
      // What one of them asks for can be at fault: the others are not to suffer from it.
      else for (const read of open) await this.answer([read]);
    }
  }

  private async load(open: readonly OpenRead[]): Promise<LoadedHeads> {
    const streams = new Set(open.flatMap((read) => [...read.streams]));
    const keys = new Map(open.flatMap((read) => [...read.keys]));
    const loaded = await loadHeads(this.connections, this.memory, [...streams], [...keys.values()]);
    this.memory.see(loaded.ground);
    for (const [streamId, head] of loaded.heads) {
      if (!isDirectoryStream(streamId)) continue;
      this.memory.keepDirectory(streamId, head, loaded.ground.directoryNonce);
    }
    return loaded;
  }

  private isAnswered(read: OpenRead, loaded: LoadedHeads | undefined): boolean {
    const run = new StateQuery(this.memory, loaded);
    try {
      const result = read.query(run);
      if (run.isComplete) read.resolve(result as never);
    } catch (error) {
      if (run.isComplete) read.reject(error);
    }
    for (const streamId of run.streams) read.streams.add(streamId);
    for (const [name, key] of run.keys) read.keys.set(name, key);
    return run.isComplete;
  }
}

/** One run of a query: what it asked for and was not there. */
class StateQuery implements StateReader {
  readonly streams = new Set<StreamId>();
  readonly keys = new Map<string, WantedKey>();

  constructor(
    private readonly memory: HeadMemory,
    private readonly loaded: LoadedHeads | undefined,
  ) {}

  /** Whether everything that it asked for was there. */
  get isComplete(): boolean {
    return this.loaded !== undefined && this.streams.size + this.keys.size === 0;
  }

  find: StateReader['find'] = (kind, id) => {
    const streamId = streamIdOf(kind, id);
    const head = this.head(streamId);
    return head?.state as StateOf<typeof kind> | undefined;
  };

  findKey: StateReader['findKey'] = (project, keyKind, key) => {
    const wanted = { project, keyKind, key };
    const name = nameOfKey(wanted);
    if (this.loaded?.keys.has(name)) return this.loaded.keys.get(name);
    this.keys.set(name, wanted);
    throw new NotLoaded();
  };

  private head(streamId: StreamId): StreamHead | undefined {
    if (this.loaded?.heads.has(streamId)) return this.loaded.heads.get(streamId);
    if (this.isRemembered(streamId)) return this.memory.head(streamId);
    this.streams.add(streamId);
    throw new NotLoaded();
  }

  /** Whether the directory, as it was at the moment of the load, is remembered to have it or not. */
  private isRemembered(streamId: StreamId): boolean {
    const nonce = this.memory.ground?.directoryNonce;
    const isExact = this.loaded?.ground.directoryNonce === nonce;
    return isExact && isDirectoryStream(streamId) && this.memory.knows(streamId);
  }
}
