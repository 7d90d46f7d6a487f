import { settingsIn, temporaryDirectories } from '../cli/built-processes.js';
import type { ServerStore } from '../support/server-store.js';

/** Where a node runs, and what it is told. */
export interface NodePlace {
  readonly directory: string;
  readonly environment: Readonly<Record<string, string>>;
}

/**
 * Makes places for nodes of a store, each in an empty directory of its own; what it is `told` comes on
 * top of its own settings. The directories are gone when the tests of this file are done.
 */
export function nodePlaces(): (
  store: ServerStore,
  told: Readonly<Record<string, string>>,
) => Promise<NodePlace> {
  const newDirectory = temporaryDirectories();
  return async (store, told) => {
    const directory = newDirectory();
    return { directory, environment: { ...(await settingsIn(directory, store)), ...told } };
  };
}
