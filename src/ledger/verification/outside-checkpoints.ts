import { setImmediate as nextTurn } from 'node:timers/promises';
import { parseCheckpoint } from '../../tlog/checkpoint.js';
import { openNote } from '../../tlog/signed-note.js';
import { rootFromTiles } from '../../tlog/tile-tree.js';
import { type NoteVerifier, parseVerifierKey } from '../../tlog/verifier-key.js';
import { isLaterEpoch, isSameLog } from '../sealing/log-origin.js';
import { LogTiles } from '../sealing/log-tiles.js';
import { checkpointOfNote } from '../sealing/note-checkpoint.js';
import type { LedgerSource } from './ledger.source.js';
import type { LogEpoch } from './log-epochs.js';
import { type NotedCheckpoint, notedCheckpoints } from './noted-checkpoints.js';
import { PROBLEMS_MAX, type VerificationProblem } from './verification-problems.js';
import { wholeTiles } from './whole-tiles.js';

/** Checkpoints that somebody kept elsewhere. */
export interface KeptCheckpoints {
  readonly path: string;
  /** Whose signature they must have; undefined: that of the keys that the ledger itself names. */
  readonly verifier?: NoteVerifier | undefined;
}

type Noted = Extract<NotedCheckpoint, { note: string }>;

/** So many checkpoints are compared before others have their turn. */
const CHECKPOINTS_AT_ONCE = 100;

/** Compares a ledger with checkpoints outside of it: its tree at their sizes must be theirs. */
export class OutsideCheckpoints {
  private readonly tiles: LogTiles;

  constructor(
    private readonly source: LedgerSource,
    private readonly epochs: readonly LogEpoch[],
  ) {
    this.tiles = new LogTiles(wholeTiles(source));
  }

  /**
   * Checks the file that repeats every checkpoint of the ledger. What was lost with an epoch, and
   * accepted by opening another one, is left out. The ledger's own checkpoints are verified where they
   * are stored, so one that is the same is no more work.
   */
  async checkRepeated(path: string): Promise<readonly VerificationProblem[]> {
    return (await this.checkAll(path, (noted) => this.repeatedFault(noted))).problems;
  }

  /** Checks what somebody kept; answers also with how many checkpoints there were. */
  async checkKept({ path, verifier }: KeptCheckpoints): Promise<CheckedFile> {
    const verifiers = verifier === undefined ? this.ownKeys() : [verifier];
    const checked = await this.checkAll(path, ({ note }) => this.keptFault(note, verifiers));
    if (checked.checkpoints > 0) return checked;
    const problem = `there is no checkpoint in ${path}`;
    return { ...checked, problems: [...checked.problems, { problem }] };
  }

  private async checkAll(
    path: string,
    faultOf: (noted: Noted) => string | undefined,
  ): Promise<CheckedFile> {
    const problems: VerificationProblem[] = [];
    let checkpoints = 0;
    for await (const noted of notedCheckpoints(path)) {
      if (problems.length >= PROBLEMS_MAX) break;
      if ('line' in noted) {
        problems.push({ problem: `line ${noted.line} of ${path} is no checkpoint` });
        continue;
      }
      const fault = faultOf(noted);
      const size = checkpointOfNote(noted.note)?.size;
      if (fault !== undefined) {
        problems.push({ problem: `the checkpoint of size ${size} in ${path} ${fault}` });
      }
      checkpoints += 1;
      if (checkpoints % CHECKPOINTS_AT_ONCE === 0) await nextTurn();
    }
    return { problems, checkpoints };
  }

  private repeatedFault({ note, at }: Noted): string | undefined {
    const stated = checkpointOfNote(note);
    if (stated === undefined) return 'is none';
    const { origin, size, root } = stated;
    const epoch = this.epochOf(origin);
    if (epoch === undefined) return this.isGivenUp(origin) ? undefined : 'is of another log';
    if (size > epoch.sizeMax) return undefined;
    const stored = this.source.checkpoint(epoch.epoch, size);
    if (stored?.note === note) {
      return stored.sealedAt === at ? undefined : 'has another time in the ledger';
    }
    const fault = this.treeFault(size, root);
    if (fault !== undefined) return fault;
    if (stored !== undefined) return 'has another note in the ledger';
    // A copy from before it was made knows only the events that it was made of.
    return epoch.sizeMax === Infinity ? 'is not in the ledger' : undefined;
  }

  private keptFault(note: string, verifiers: readonly NoteVerifier[]): string | undefined {
    const opened = openNote(note, verifiers);
    if (opened.kind === 'refused') return 'is not signed by the key';
    const parsed = parseCheckpoint(opened.text);
    if (parsed.kind === 'refused') return 'is none';
    const { origin, size, root } = parsed.checkpoint;
    const epoch = this.epochOf(origin);
    if (epoch === undefined)
      return 'is of another log, or of an epoch that the ledger does not know';
    if (size > epoch.sizeMax) return 'covers events that were lost before the next epoch began';
    return this.treeFault(size, root);
  }

  private treeFault(size: number, root: Uint8Array): string | undefined {
    const { events } = this.source.counts();
    if (size > events) return `covers more events than the ${events} of the ledger`;
    const rootOfEvents = rootFromTiles(size, this.tiles.read);
    return rootOfEvents?.equals(root) === true ? undefined : 'is of another history';
  }

  private epochOf(origin: string): LogEpoch | undefined {
    return this.epochs.find((epoch) => epoch.origin === origin);
  }

  /** Whether an origin is of an epoch of this log that a later one replaced. */
  private isGivenUp(origin: string): boolean {
    const now = this.epochs.at(-1)?.origin ?? '';
    return isSameLog(origin, now) && isLaterEpoch(now, origin);
  }

  private ownKeys(): readonly NoteVerifier[] {
    return this.epochs.flatMap(({ verifierKey = '' }) => {
      const parsed = parseVerifierKey(verifierKey);
      return parsed.kind === 'parsed' ? [parsed.verifier] : [];
    });
  }
}

/** What was found wrong with a file of checkpoints, and how many it has. */
export interface CheckedFile {
  readonly problems: readonly VerificationProblem[];
  readonly checkpoints: number;
}
