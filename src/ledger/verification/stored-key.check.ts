import { uniqueKeysOf } from '../../domain/streams.js';
import type { FoldedStream } from './folded-stream.js';
import type { StoredKey } from './ledger.source.js';

/** What is wrong with a unique key, and of which stream. */
export interface KeyProblem {
  readonly streamId: string;
  readonly problem: string;
}

/** The unique keys that folded streams hold, to be compared with the stored ones. */
export class FoldedKeys {
  /** Which stream holds a key. */
  private readonly holders = new Map<string, string>();
  private readonly twins: KeyProblem[] = [];
  private readonly stored = new Set<string>();

  constructor(private readonly folded: ReadonlyMap<string, FoldedStream>) {
    for (const [streamId, { kind, project, state }] of folded) {
      for (const key of uniqueKeysOf(kind, state)) {
        const name = nameOf(project, key);
        const other = this.holders.get(name);
        if (other === undefined) this.holders.set(name, streamId);
        else this.twins.push({ streamId, problem: `${other} holds its unique key too` });
      }
    }
  }

  /**
   * What is wrong with a stored key as far as these streams are concerned; `isOurs`: whether the one
   * that it is given to should be one of them. Each key is asked once.
   */
  check(stored: StoredKey, isOurs: boolean): KeyProblem[] {
    const { project, streamId } = stored;
    const name = nameOf(project, stored);
    const holder = this.holders.get(name);
    if (holder === streamId) {
      this.stored.add(name);
      return [];
    }
    const problems: KeyProblem[] = [];
    if (holder !== undefined) {
      this.stored.add(name);
      problems.push({ streamId: holder, problem: `its unique key is given to ${streamId}` });
    }
    if (isOurs) problems.push({ streamId, problem: this.surplus(stored) });
    return problems;
  }

  /** What is wrong with these streams when every stored key was checked. */
  rest(): KeyProblem[] {
    const missing = [...this.holders].filter(([name]) => !this.stored.has(name));
    return [
      ...this.twins,
      ...missing.map(([, streamId]) => ({ streamId, problem: 'its unique key has no row' })),
    ];
  }

  private surplus({ project, keyKind, key, streamId }: StoredKey): string {
    const stream = this.folded.get(streamId);
    const isElsewhere =
      stream !== undefined &&
      stream.project !== project &&
      this.holders.get(nameOf(stream.project, { keyKind, key })) === streamId;
    return isElsewhere
      ? `its unique key stands in the project ${project}`
      : 'it has a unique key that its events do not give';
  }
}

function nameOf(project: string, { keyKind, key }: { keyKind: string; key: string }): string {
  return JSON.stringify([project, keyKind, key]);
}
