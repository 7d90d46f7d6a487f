import { type StreamId, streamIdOf } from '../../domain/identifiers.js';
import type { StateOf } from '../../domain/streams.js';
import type { StreamHead } from '../append-plan.js';
import type { StateReader } from '../ledger.port.js';
import { type HeadMemory, isDirectoryStream } from './head-memory.js';
import { type LoadedHeads, loadHeads, nameOfKey, type WantedKey } from './head.reader.js';
import type { PostgresConnections } from './postgres-connection.js';

/** Ends a query that asks for what is not loaded. */
class NotLoaded extends Error {}

/**
 * Runs a query on states of one moment. What it asks for is loaded and it is run again, until one
 * statement has loaded all that it asked for; of the directory, what is remembered is as exact.
 */
export async function readStates<Result>(
  connections: PostgresConnections,
  memory: HeadMemory,
  query: (reader: StateReader) => Result,
): Promise<Result> {
  const streams = new Set<StreamId>();
  const keys = new Map<string, WantedKey>();
  let loaded: LoadedHeads | undefined;
  for (;;) {
    const run = new StateQuery(memory, loaded);
    try {
      const result = query(run);
      if (run.isComplete) return result;
    } catch (error) {
      if (run.isComplete) throw error;
    }
    for (const streamId of run.streams) streams.add(streamId);
    for (const [name, key] of run.keys) keys.set(name, key);
    loaded = await loadHeads(connections, memory, [...streams], [...keys.values()]);
    memory.see(loaded.ground);
    for (const [streamId, head] of loaded.heads) {
      if (!isDirectoryStream(streamId)) continue;
      memory.keepDirectory(streamId, head, loaded.ground.directoryNonce);
    }
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
