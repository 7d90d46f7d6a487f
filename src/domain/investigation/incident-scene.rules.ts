import { type FamilyRecord, grantIn, isOfType, type RequestRecord } from './family-record.rules.js';
import {
  ageOf,
  type Consumption,
  generationOf,
  hasConsumed,
  isShadow,
  type Opening,
  type Presentation,
  type PresentedFacts,
  presentedFacts,
} from './incident-presentation.rules.js';
import {
  type Likeness,
  likenessOf,
  othernessBetween,
  type Party,
  PartyTrace,
} from './party.rules.js';
import type { Passes } from './passes.rules.js';
import { Tally } from './tally.rules.js';

/** So long after a rotation the token that it consumed comes from a concurrent request. Milliseconds. */
export const CONCURRENT_WITHIN = 2_000;
/** So long after the retry window one client may still retry a lost response. Milliseconds. */
export const LOST_RESPONSE_BEYOND_WINDOW = 120_000;

/**
 * Where an age stands beside the retry window that the family was granted with. `just_beyond_window`: at
 * most as long again, so that a family without a window has none of it; `beyond_window`: longer, but
 * within two minutes after the window.
 */
export interface Timing {
  readonly statement:
    'inside_window' | 'just_beyond_window' | 'beyond_window' | 'long_after_window';
  readonly age: number;
  readonly retryWindow: number;
}

/** Where the holder's path and the presenter's parted: the presented token was consumed. */
export interface Fork {
  readonly consumption: Consumption;
  readonly timing: Timing;
  /** What had used the successor of the presented token by then. */
  readonly successorUse: FamilyRecord<'RefreshTokenRotated'> | undefined;
  /** Presentations of the consumed token by the presenter, close to its rotation. */
  readonly together: Tally;
  /** Whether the presentation is one of them. */
  readonly isTogether: boolean;
  /** What the holder asked for after the fork. */
  readonly holderContinued: Tally;
  /** What the presenter had asked for before the fork. */
  readonly presenterBefore: Tally;
  /** Where the presenter used what the fork led to: it had that as well. */
  readonly presenterServed: Tally;
}

/** All that bears on an incident, drawn from the events of its family. */
export interface IncidentScene {
  /** What the events begin with: the grant, where the ledger knows the family. */
  readonly first: FamilyRecord | undefined;
  readonly presentation: Presentation;
  readonly presented: PresentedFacts;
  /** Whoever had what the token led to; undefined when the ledger does not know the family. */
  readonly holder: RequestRecord | undefined;
  /** Between holder and presenter; undefined where a client would be compared with a browser. */
  readonly likeness: Likeness | undefined;
  /** undefined: nothing had consumed what was presented. */
  readonly fork: Fork | undefined;
  /** The retries by another party that together make a shadow; none for anything else. */
  readonly shadows: Tally;
  /** Holder and presenter. */
  readonly parties: readonly Party[];
}

/** Draws the scene of an incident around the presentation that opened it. */
export function* sceneOf(
  presentation: Presentation,
  { first }: Pick<Opening, 'first'>,
): Passes<IncidentScene> {
  const { consumption, lastServed, successorUse, shadows } = yield* anchorsOf(presentation);
  const holder = consumption ?? lastServed;
  const isBrowser = holder === undefined || holder.type === 'GrantIssued';
  const traces = new Map<Party['role'], PartyTrace>();
  if (holder !== undefined) traces.set('holder', new PartyTrace(holder));
  traces.set('presenter', new PartyTrace(presentation));
  const course = consumption && new ForkCourse(presentation, consumption);
  yield (record) => {
    if (!isOfType(record, REQUESTS)) return;
    for (const trace of traces.values()) trace.see(record);
    course?.see(record);
  };
  return {
    first,
    presentation,
    presented: presentedFacts(presentation, consumption),
    holder,
    likeness: isBrowser ? undefined : likenessOf(holder, presentation),
    fork: course?.result(first, successorUse),
    shadows,
    parties: [...traces].map(([role, trace]) => trace.party(role)),
  };
}

interface Anchors {
  /** What had consumed the presented token by then. */
  readonly consumption: Consumption | undefined;
  /** Whoever was served last before it came. */
  readonly lastServed: RequestRecord | undefined;
  readonly successorUse: FamilyRecord<'RefreshTokenRotated'> | undefined;
  readonly shadows: Tally;
}

function* anchorsOf(presentation: Presentation): Passes<Anchors> {
  let consumption: Consumption | undefined;
  let lastServed: RequestRecord | undefined;
  let successorUse: FamilyRecord<'RefreshTokenRotated'> | undefined;
  const shadows = new Tally();
  yield (record) => {
    if (isShadow(record, presentation)) shadows.add(record);
    if (record.position >= presentation.position) return;
    if (isOfType(record, SERVED)) lastServed = record;
    const isUse =
      record.type === 'RefreshTokenRotated' &&
      record.data.presentedGeneration === consumption?.data.generation;
    if (isUse) successorUse = record;
    if (hasConsumed(record, presentation)) consumption = record;
  };
  return { consumption, lastServed, successorUse, shadows };
}

const SERVED = [
  'GrantIssued',
  'GrantRedeemed',
  'RefreshTokenRotated',
  'AccessTokenRefreshed',
] as const;

/** What a client asked for. A grant is no such: there it is a person's browser that it comes from. */
const REQUESTS = [
  'GrantRedeemed',
  'RefreshTokenRotated',
  'AccessTokenRefreshed',
  'RefreshRetried',
  'RefreshRejected',
  'RefreshTokenReuseDetected',
  'LedgerRollbackSuspected',
] as const;

/** A fork on its way: what both parties asked for before it and after. */
class ForkCourse {
  private readonly together = new Tally();
  private readonly holderContinued = new Tally();
  private readonly presenterBefore = new Tally();
  private readonly presenterServed = new Tally();

  constructor(
    private readonly presentation: Presentation,
    private readonly consumption: Consumption,
  ) {}

  see(request: RequestRecord): void {
    const { presentation, consumption } = this;
    if (this.isPresentedTogether(request)) this.together.add(request);
    if (request.position < consumption.position) {
      if (isOnlyFrom(presentation, consumption, request)) this.presenterBefore.add(request);
    } else if (request.position > consumption.position) {
      if (isOnlyFrom(consumption, presentation, request)) this.holderContinued.add(request);
      const isServed = isOfType(request, ['RefreshTokenRotated', 'AccessTokenRefreshed']);
      const isPresenters = isServed && isOnlyFrom(presentation, consumption, request);
      if (isPresenters) this.presenterServed.add(request);
    }
  }

  result(
    first: FamilyRecord | undefined,
    successorUse: FamilyRecord<'RefreshTokenRotated'> | undefined,
  ): Fork {
    const { presentation, consumption, together } = this;
    const { holderContinued, presenterBefore, presenterServed } = this;
    return {
      consumption,
      timing: timingOf(ageOf(presentation, consumption), first),
      successorUse,
      together,
      isTogether: this.isPresentedTogether(presentation),
      holderContinued,
      presenterBefore,
      presenterServed,
    };
  }

  private isPresentedTogether(request: RequestRecord): boolean {
    const { presentation, consumption } = this;
    const isPresentation = isOfType(request, [
      'RefreshRetried',
      'RefreshRejected',
      'RefreshTokenReuseDetected',
    ]);
    if (!isPresentation || generationOf(request) !== generationOf(presentation)) return false;
    if (request.data.receivedAt - consumption.recordedAt > CONCURRENT_WITHIN) return false;
    const isItself = request.position === presentation.position;
    return isItself || othernessBetween(presentation, request) === 'same';
  }
}

/** Whether a request came from the party of `own`, and not from that of `other`. */
function isOnlyFrom(own: RequestRecord, other: RequestRecord, request: RequestRecord): boolean {
  return othernessBetween(own, request) === 'same' && othernessBetween(other, request) !== 'same';
}

function timingOf(age: number, first: FamilyRecord | undefined): Timing {
  const { retryWindow } = grantIn(first).data.policy;
  return { statement: timingStatement(age - retryWindow, retryWindow), age, retryWindow };
}

function timingStatement(beyond: number, retryWindow: number): Timing['statement'] {
  if (beyond <= 0) return 'inside_window';
  if (beyond > LOST_RESPONSE_BEYOND_WINDOW) return 'long_after_window';
  return beyond <= retryWindow ? 'just_beyond_window' : 'beyond_window';
}
