import { newUuid, randomToken } from '../config/random-identifiers.js';
import type { AccountState } from '../domain/directory/directory.state.js';
import type { Folded } from '../domain/directory/directory.evolve.js';
import type { Origin } from '../domain/envelope.js';
import { EVENT_VERSION } from '../domain/events/event-catalogue.js';
import {
  type Instant,
  type Position,
  type ProjectId,
  type StreamId,
  streamIdOf,
  type StreamKind,
} from '../domain/identifiers.js';
import {
  type DirectoryKey,
  evolve,
  ownersOf,
  type StateOf,
  uniqueKeysOf,
} from '../domain/streams.js';
import { eventBody } from './event-body.js';
import type { Attribution, Execution, LedgerDecision } from './ledger.port.js';
import { ORIGIN_SALT_BYTES, originCommitment } from './origin-commitment.js';
import { digestAfter } from './stream-digest.js';

/** An execution of any kind and outcome, as a batch holds it. */
// oxlint-disable-next-line typescript/no-explicit-any -- kinds and outcomes differ within a batch
export type AnyExecution = Execution<any, any>;

/** A stream as it stands: its state, and where its next event goes. */
export interface StreamHead {
  readonly project: ProjectId;
  readonly version: number;
  readonly lastPosition: Position;
  /** Over all bodies of the stream so far. */
  readonly digest: string;
  readonly state: StateOf<StreamKind>;
}

/** An event that waits for its position. */
export interface PlannedEvent {
  readonly type: string;
  readonly streamVersion: number;
  readonly body: string;
  readonly origin: (Origin & { readonly salt: string }) | undefined;
}

/** What one decision appends to one stream, and what the stream is afterwards. */
export interface PlannedStream {
  readonly kind: StreamKind;
  readonly streamId: StreamId;
  readonly before: StreamHead | undefined;
  readonly events: readonly PlannedEvent[];
  readonly after: Omit<StreamHead, 'lastPosition'>;
  /** The unique keys that the stream holds from now on. */
  readonly newKeys: readonly DirectoryKey[];
}

/** Everything that one decision writes. */
export interface AppendPlan {
  readonly outcome: unknown;
  readonly streams: readonly PlannedStream[];
}

interface EventsOfStream {
  readonly kind: StreamKind;
  readonly streamId: StreamId;
  readonly events: readonly { readonly type: string; readonly data: object }[];
}

/** What all events of a decision have in common. */
interface Authorship {
  readonly actor: string;
  readonly attribution: Attribution;
  readonly project: ProjectId;
}

/** What a plan is made on: the store's clock, and streams as they stand. */
export interface PlanningGround {
  readonly recordedAt: Instant;
  head(streamId: StreamId): StreamHead | undefined;
}

/**
 * Turns a decision into what is to be written, without writing: bodies, states, digests.
 *
 * Throws what the fold throws at an impossible history, a TypeError for what has no canonical form,
 * and an Error when the data of an event are not as the catalogue says, a companion exists already or
 * a stream belongs to another project.
 */
export function planAppend(
  asked: AnyExecution,
  decision: LedgerDecision<StreamKind, unknown>,
  ground: PlanningGround,
): AppendPlan {
  const { kind, streamId, project, attribution } = asked;
  const authorship = { actor: decision.actor ?? attribution.actor, attribution, project };
  const streams: PlannedStream[] = [];
  if (decision.events.length > 0) {
    const before = ground.head(streamId);
    const own = { kind, streamId, events: decision.events };
    streams.push(planStream(authorship, ground, own, before));
  }
  for (const companion of decision.companions ?? []) {
    const isPlanned = streams.some((planned) => planned.streamId === companion.streamId);
    if (isPlanned || ground.head(companion.streamId) !== undefined) {
      throw new Error(`${companion.streamId} cannot begin: it exists`);
    }
    if (companion.events.length > 0) {
      streams.push(planStream(authorship, ground, companion, undefined));
    }
  }
  return { outcome: decision.outcome, streams };
}

function planStream(
  authorship: Authorship,
  ground: PlanningGround,
  { kind, streamId, events }: EventsOfStream,
  before: StreamHead | undefined,
): PlannedStream {
  const { project, attribution } = authorship;
  const id = idOf(kind, streamId);
  if (before !== undefined && before.project !== project) {
    throw new Error(`${streamId} does not belong to the project ${project}`);
  }
  const { recordedAt } = ground;
  const planned: PlannedEvent[] = [];
  let version = before?.version ?? 0;
  let digest = before?.digest;
  let state = before?.state;
  for (const { type, data } of events) {
    version += 1;
    const evolved = (of: object): StateOf<StreamKind> =>
      evolve(kind, state, { type, data: of, recordedAt, id } as unknown as Folded<StreamKind>);
    let next = evolved(data);
    const { origin: from } = attribution;
    const isToBeKept = from !== undefined && !isErased(next, authorship, ground);
    const origin = isToBeKept ? salted(from) : undefined;
    const written = eventBody(kind, {
      // In the canonical order: nothing has to be sorted.
      actor: authorship.actor,
      causationId: attribution.causationId,
      correlationId: attribution.correlationId,
      data: data as Readonly<Record<string, unknown>>,
      id: newUuid(),
      originCommitment: origin && originCommitment(origin.salt, origin),
      project,
      recordedAt,
      streamId,
      streamVersion: version,
      type,
      version: EVENT_VERSION,
    });
    // The text of a state is that of its fold from what was written: whoever compares the two sorts neither.
    if (written.data !== data) next = evolved(written.data);
    state = next;
    const { body } = written;
    planned.push({ type, streamVersion: version, body, origin });
    digest = digestAfter(digest, body);
  }
  const after = { project, version, digest, state } as PlannedStream['after'];
  const newKeys = newKeysOf(kind, before?.state, after.state);
  return { kind, streamId, before, events: planned, after, newKeys };
}

function newKeysOf(
  kind: StreamKind,
  before: StateOf<StreamKind> | undefined,
  after: StateOf<StreamKind>,
): readonly DirectoryKey[] {
  const keys = uniqueKeysOf(kind, after);
  if (keys.length === 0) return keys;
  const held = before === undefined ? [] : uniqueKeysOf(kind, before);
  return keys.filter(
    ({ keyKind, key }) => !held.some((one) => one.keyKind === keyKind && one.key === key),
  );
}

/** What belongs to somebody who was erased, or is their act, must not have personal data again. */
function isErased(
  state: StateOf<StreamKind>,
  { actor }: Authorship,
  ground: PlanningGround,
): boolean {
  const { subjectId } = ownersOf(state);
  return (
    (subjectId !== null && isErasedAccount(streamIdOf('account', subjectId), ground)) ||
    (actor.startsWith('account:') && isErasedAccount(actor as StreamId, ground))
  );
}

function isErasedAccount(account: StreamId, ground: PlanningGround): boolean {
  return (ground.head(account)?.state as AccountState | undefined)?.status === 'erased';
}

function salted({ address, userAgent, requestId }: Origin): PlannedEvent['origin'] {
  return { salt: randomToken(ORIGIN_SALT_BYTES), address, userAgent, requestId };
}

function idOf(kind: StreamKind, streamId: StreamId): string {
  if (!streamId.startsWith(`${kind}:`)) throw new Error(`${streamId} is no stream of kind ${kind}`);
  return streamId.slice(kind.length + 1);
}
