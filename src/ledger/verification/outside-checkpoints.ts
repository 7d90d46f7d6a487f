import { statSync } from 'node:fs';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { type Checkpoint, parseCheckpoint } from '../../tlog/checkpoint.js';
import { openNote } from '../../tlog/signed-note.js';
import { type NoteVerifier, parseVerifierKey } from '../../tlog/verifier-key.js';
import { isLaterEpoch, isSameLog } from '../sealing/log-origin.js';
import { LogTiles } from '../sealing/log-tiles.js';
import { checkpointOfNote } from '../sealing/note-checkpoint.js';
import { AlikeFaults, type Fault } from './alike-faults.js';
import { TREE_DIFFERS } from './checkpoint.check.js';
import type { LedgerSource } from './ledger.source.js';
import type { LogEpoch } from './log-epochs.js';
import { type NotedCheckpoint, notedCheckpoints } from './noted-checkpoints.js';
import type { VerificationProblem } from './verification-problems.js';
import { wholeTiles } from './whole-tiles.js';

/** Checkpoints that somebody kept elsewhere. */
export interface KeptCheckpoints {
  readonly path: string;
  /** Whose signature they must have; undefined: that of the keys that the ledger itself names. */
  readonly verifier?: NoteVerifier | undefined;
}

type Noted = Extract<NotedCheckpoint, { note: string }>;

/** What is wrong with a checkpoint of other events than there are. */
const OTHER_HISTORY = 'is of another history';

/** What is wrong with a checkpoint that anybody can have written. */
const NOT_SIGNED = 'is not signed by the key';

/** So many checkpoints are compared before others have their turn. */
const CHECKPOINTS_AT_ONCE = 100;

/** Compares a ledger with checkpoints outside of it: its tree at their sizes must be theirs. */
export class OutsideCheckpoints {
  private readonly tiles: LogTiles;
  private events: number | undefined;

  constructor(
    private readonly source: LedgerSource,
    private readonly epochs: readonly LogEpoch[],
    /** Whether the keys of the epochs are known to be those of the log, and not only named by the ledger. */
    private readonly isKeyKnown = false,
  ) {
    this.tiles = new LogTiles(wholeTiles(source));
  }

  /**
   * Checks the file that repeats every checkpoint of the ledger. What was lost with an epoch is left
   * out where the file itself acknowledges the next one, with the note that the ledger has. The ledger's own
   * checkpoints are verified where they are stored, so one that is the same is no more work.
   */
  async checkRepeated(path: string, isSound: boolean): Promise<readonly VerificationProblem[]> {
    const acknowledged = await this.acknowledgedEpochs(path);
    const checked = await this.checkAll(path, async (noted) =>
      this.faultOf(await this.repeatedFault(noted, acknowledged), path),
    );
    const { origin, epoch } = this.epochs.at(-1) ?? { origin: '', epoch: 0 };
    const problems = isSound ? checked.problems : checked.unplaced;
    if (checked.checkpoints === 0 && problems.length === 0 && statSync(path).size > 0) {
      return [noCheckpointIn(path)];
    }
    if (checked.checkpoints === 0 || epoch === 0 || checked.origins.has(origin)) return problems;
    return [...problems, { problem: `epoch ${epoch} is not acknowledged in ${path}` }];
  }

  /**
   * Checks that file beside a copy of the ledger from some time before: the copy must be the beginning of
   * what the file tells of. What was sealed later, in whatever epoch, is left out.
   */
  async checkCopied(path: string): Promise<readonly VerificationProblem[]> {
    const checked = await this.checkAll(path, async (noted) =>
      this.faultOf(await this.copiedFault(noted), path),
    );
    return checked.problems;
  }

  /**
   * Checks what somebody kept; answers also with how many checkpoints there were. A file with anything else in
   * it, or with none at all, is unusable.
   */
  async checkKept({ path, verifier }: KeptCheckpoints): Promise<CheckedFile> {
    const verifiers = verifier === undefined ? this.ownKeys() : [verifier];
    let agreed = 0;
    let differs = false;
    const checked = await this.checkAll(path, async ({ note }) => {
      const fault = await this.keptFault(note, verifiers);
      const size = checkpointOfNote(note)?.size ?? 0;
      if (fault === undefined) agreed = Math.max(agreed, size);
      if (fault !== OTHER_HISTORY || agreed >= size) {
        // The key that was given is not believed less than the file.
        return this.faultOf(fault, path, verifier !== undefined);
      }
      const isFirst = !differs;
      differs = true;
      const found = this.faultOf(fault, path);
      return isFirst && found !== undefined ? { ...found, range: [agreed, size - 1] } : found;
    });
    if (checked.checkpoints > 0 || checked.unusable !== undefined) return checked;
    const none = noCheckpointIn(path);
    return { ...checked, problems: [none], unplaced: [none], unusable: none.problem };
  }

  private async checkAll(
    path: string,
    check: (noted: Noted) => Promise<Fault | undefined>,
  ): Promise<CheckedFile> {
    const lines = new AlikeFaults((line) => `line ${line} of ${path}`);
    const faults = new AlikeFaults((size) => `the checkpoint of size ${size} in ${path}`);
    const origins = new Set<string>();
    let checkpoints = 0;
    for await (const noted of notedCheckpoints(path)) {
      if ('line' in noted) {
        lines.add(noted.line, { fault: 'is no checkpoint', file: path });
        continue;
      }
      const fault = await check(noted);
      const { size = 0, origin = '' } = checkpointOfNote(noted.note) ?? {};
      origins.add(origin);
      if (fault !== undefined) faults.add(size, fault);
      checkpoints += 1;
      if (checkpoints % CHECKPOINTS_AT_ONCE === 0) await nextTurn();
    }
    return {
      problems: [...lines.problems, ...faults.problems],
      unplaced: [...lines.problems, ...faults.unplaced],
      unusable: lines.problems[0]?.problem,
      checkpoints,
      origins,
    };
  }

  /** The epochs of the ledger whose acknowledgement is in the file. */
  private async acknowledgedEpochs(path: string): Promise<readonly LogEpoch[]> {
    const acknowledged = new Set<LogEpoch>();
    for await (const noted of notedCheckpoints(path)) {
      const epoch =
        'note' in noted
          ? this.epochs.find(({ acknowledgement }) => acknowledgement === noted.note)
          : undefined;
      if (epoch !== undefined) acknowledged.add(epoch);
    }
    return [...acknowledged];
  }

  private async repeatedFault(
    { note }: Noted,
    acknowledged: readonly LogEpoch[],
  ): Promise<string | undefined> {
    const stated = checkpointOfNote(note);
    if (stated === undefined) return 'is none';
    const { origin, size } = stated;
    const epoch = this.epochOf(origin);
    const isLost = epoch === undefined || size > epoch.sizeMax;
    if (isLost && acknowledged.some((later) => isReplaced(origin, later.origin))) return undefined;
    if (epoch === undefined) {
      return this.isOurs(origin)
        ? 'is of an epoch that the ledger does not know'
        : 'is of another log';
    }
    if (isLost) return 'covers events that were lost, and no acknowledgement follows it';
    return this.storedFault(note, stated, epoch);
  }

  /** What is wrong with a checkpoint of the file, where the ledger may be from before the file's end. */
  private async copiedFault({ note }: Noted): Promise<string | undefined> {
    const stated = checkpointOfNote(note);
    if (stated === undefined) return 'is none';
    const { origin, size } = stated;
    const epoch = this.epochOf(origin);
    if (epoch === undefined) return this.isOurs(origin) ? undefined : 'is of another log';
    if (size > epoch.sizeMax || !(await this.hasEvents(size))) return undefined;
    return this.storedFault(note, stated, epoch);
  }

  /**
   * What is wrong with a checkpoint of the file whose events the ledger should have. A row it need not have: a copy
   * that was put back has the events that were sealed after it was made, and seals them again, at another time or size.
   */
  private async storedFault(
    note: string,
    { size, root }: Checkpoint,
    epoch: LogEpoch,
  ): Promise<string | undefined> {
    const isAcknowledgement = epoch.acknowledgement === note;
    const stored = isAcknowledgement ? undefined : await this.source.checkpoint(epoch.epoch, size);
    if (stored?.note === note) return undefined;
    if (!isAcknowledgement && !isSigned(note, epoch)) return NOT_SIGNED;
    const fault = await this.treeFault(size, root);
    return fault ?? (stored === undefined ? undefined : 'has another note in the ledger');
  }

  private async keptFault(
    note: string,
    verifiers: readonly NoteVerifier[],
  ): Promise<string | undefined> {
    const opened = openNote(note, verifiers);
    if (opened.kind === 'refused') return NOT_SIGNED;
    const parsed = parseCheckpoint(opened.text);
    if (parsed.kind === 'refused') return 'is none';
    const { origin, size, root } = parsed.checkpoint;
    const epoch = this.epochOf(origin);
    if (epoch === undefined)
      return 'is of another log, or of an epoch that the ledger does not know';
    if (size > epoch.sizeMax) return 'covers events that were lost before the next epoch began';
    return this.treeFault(size, root);
  }

  private async treeFault(size: number, root: Uint8Array): Promise<string | undefined> {
    if (!(await this.hasEvents(size))) {
      return `covers more events than the ${await this.eventCount()} of the ledger`;
    }
    const rootOfEvents = await this.tiles.root(size);
    return rootOfEvents?.equals(root) === true ? undefined : OTHER_HISTORY;
  }

  /** Whether there are so many events by now. */
  private async hasEvents(size: number): Promise<boolean> {
    return size === 0 || (await this.source.positionFrom(size - 1)) !== undefined;
  }

  /** How many events there were when first asked: to count takes long. */
  private async eventCount(): Promise<number> {
    this.events ??= (await this.source.counts()).events;
    return this.events;
  }

  /** A file is at fault for what is not signed by a key that is sure; otherwise the ledger may name a wrong one. */
  private faultOf(
    fault: string | undefined,
    path: string,
    isKeyKnown = this.isKeyKnown,
  ): Fault | undefined {
    if (fault === undefined) return undefined;
    if (fault === OTHER_HISTORY) return { fault, ofTiles: TREE_DIFFERS };
    return fault === NOT_SIGNED && isKeyKnown ? { fault, file: path } : { fault };
  }

  private epochOf(origin: string): LogEpoch | undefined {
    return this.epochs.find((epoch) => epoch.origin === origin);
  }

  private isOurs(origin: string): boolean {
    return isSameLog(origin, this.epochs[0]?.origin ?? '');
  }

  private ownKeys(): readonly NoteVerifier[] {
    return this.epochs.flatMap(({ verifierKey = '' }) => {
      const parsed = parseVerifierKey(verifierKey);
      return parsed.kind === 'parsed' ? [parsed.verifier] : [];
    });
  }
}

function noCheckpointIn(path: string): VerificationProblem {
  return { problem: `there is no checkpoint in ${path}`, file: path };
}

/** Whether a note is signed by the key of an epoch. */
function isSigned(note: string, { verifierKey = '' }: LogEpoch): boolean {
  const key = parseVerifierKey(verifierKey);
  return key.kind === 'parsed' && openNote(note, [key.verifier]).kind === 'opened';
}

/** Whether an origin is of an epoch of the same log that a later one replaced. */
function isReplaced(origin: string, later: string): boolean {
  return isSameLog(origin, later) && isLaterEpoch(later, origin);
}

/** What was found wrong with a file of checkpoints, and how many it has. */
export interface CheckedFile {
  readonly problems: readonly VerificationProblem[];
  /** The same where tiles are damaged: what is sure then, without positions. */
  readonly unplaced: readonly VerificationProblem[];
  /** Why it is no file of checkpoints, or not only. */
  readonly unusable?: string | undefined;
  readonly checkpoints: number;
  /** Whose they are. */
  readonly origins: ReadonlySet<string>;
}
