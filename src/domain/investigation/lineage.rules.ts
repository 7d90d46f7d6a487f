import type {
  FamilyPolicy,
  RejectionReason,
  RevocationReason,
} from '../events/token-family.events.js';
import type { Instant, Position } from '../identifiers.js';
import {
  type EventWithOrigin,
  type FamilyRecord,
  grantIn,
  isOfType,
  type RecordedRequest,
  requestOf,
} from './family-record.rules.js';
import { type Issue, type LineageGeneration } from './lineage-generation.rules.js';
import { LineageWindow, type LineageSpan } from './lineage-window.rules.js';
import { isUnexpired, type MintedToken, MintedTokens } from './minted-token.rules.js';
import { answerFrom, type Passes } from './passes.rules.js';

/** What the resource owner authorized, and when the code for it was redeemed. */
export interface LineageGrant extends RecordedRequest {
  readonly subject: string | null;
  readonly sessionId: string | null;
  readonly grantType: string;
  readonly scope: readonly string[];
  readonly resources: readonly string[];
  readonly offline: boolean;
  readonly absoluteExpiresAt: Instant;
  readonly policy: FamilyPolicy;
  readonly code: {
    readonly redirectUri: string;
    readonly expiresAt: Instant;
    readonly redeemedAt: Instant | null;
    readonly redeemedBy: Position | null;
  } | null;
}

/** A genuine token of the family was refused. */
export interface LineageRejection extends RecordedRequest {
  readonly kind: 'code' | 'refresh';
  readonly presentedGeneration: number | null;
  readonly currentGeneration: number | null;
  readonly reason: RejectionReason;
  readonly age: number | null;
  readonly incidentId: string | null;
}

/** Presentations that were counted, and not recorded one by one. */
export interface LineageCount {
  readonly position: Position;
  readonly outcome: 'retried' | 'rejected';
  readonly reason: RejectionReason | null;
  readonly generation: number | null;
  readonly count: number;
  readonly firstAt: Instant;
  readonly lastAt: Instant;
}

/** A consumed token, or one that this ledger cannot have issued, was presented. */
export interface LineageDetection extends RecordedRequest {
  readonly what: 'reuse' | 'ledger_rollback';
  readonly kind: 'code' | 'refresh';
  readonly presentedGeneration: number;
  readonly currentGeneration: number | null;
  /** Since the presented token was consumed, in milliseconds; null when it never was. */
  readonly age: number | null;
  readonly incidentId: string;
}

/** What ended the family before it expired, and what was worth something until then. */
export interface LineageEnd {
  readonly at: Instant;
  readonly position: Position;
  readonly reason: RevocationReason;
  readonly actor: string;
  readonly incidentId: string | null;
  readonly killed: {
    /** The generation of the refresh token that could have been used; null: there was none. */
    readonly generation: number | null;
    /** The access tokens that had neither expired nor been revoked. */
    readonly accessTokens: readonly Pick<MintedToken, 'jti' | 'expiresAt'>[];
  };
}

/** All that descends from one grant, or a part of it. */
export interface Lineage {
  readonly grant: LineageGrant;
  /** Oldest first. */
  readonly generations: readonly LineageGeneration[];
  /** Recorded while those generations were current, or before the first of all. */
  readonly rejections: readonly LineageRejection[];
  readonly counts: readonly LineageCount[];
  /** How many older generations there are, and how many more of that span. */
  readonly omitted: {
    readonly generations: number;
    readonly rejections: number;
    readonly counts: number;
  };
  /** Why the family was killed, if it was; what died with it stands in `end`. */
  readonly detection: LineageDetection | null;
  readonly end: LineageEnd | null;
}

/**
 * The lineage of a family from all its events, or all up to some moment, oldest first.
 *
 * Throws an Error when the events are not the history of a family: a broken invariant.
 */
export function lineageOf(history: readonly EventWithOrigin[]): Lineage {
  return answerFrom(lineage({ limit: Infinity }), history);
}

/** The same of the newest generations of a span, in one pass. */
export function* lineage(span: LineageSpan): Passes<Lineage> {
  const course = new LineageCourse(span);
  yield (record) => course.see(record);
  return course.result();
}

/** A family on its way: what its lineage will say, as far as it was followed. */
class LineageCourse {
  private readonly tokens = new MintedTokens();
  private readonly window: LineageWindow;
  private grant: FamilyRecord | undefined;
  private redemption: FamilyRecord<'GrantRedeemed'> | undefined;
  private lastUse: Use | undefined;
  private detection: LineageDetection | null = null;
  private end: LineageEnd | null = null;

  constructor(span: LineageSpan) {
    this.window = new LineageWindow(span, this.tokens);
  }

  see(record: FamilyRecord): void {
    const minted = this.tokens.see(record);
    this.grant ??= record;
    if (isOfType(record, USES)) this.lastUse = record;
    if (record.type === 'GrantRedeemed') this.redemption = record;
    if (isOfType(record, DETECTIONS)) this.detection = detectionOf(record);
    if (record.type === 'FamilyRevoked') this.end = endOf(record, this.lastUse, this.tokens);
    this.window.see(record, minted);
  }

  result(): Lineage {
    const { generations, rejections, counts } = this.window.result();
    return {
      grant: grantOf(grantIn(this.grant), this.redemption),
      generations: generations.told,
      rejections: rejections.told.map(rejectionOf),
      counts: counts.told.map(countOf),
      omitted: {
        generations: generations.omitted,
        rejections: rejections.omitted,
        counts: counts.omitted,
      },
      detection: this.detection,
      end: this.end,
    };
  }
}

type Use = Issue | FamilyRecord<'AccessTokenRefreshed'>;
const USES = ['GrantRedeemed', 'RefreshTokenRotated', 'AccessTokenRefreshed'] as const;
type Detection = FamilyRecord<'RefreshTokenReuseDetected' | 'LedgerRollbackSuspected'>;
const DETECTIONS = ['RefreshTokenReuseDetected', 'LedgerRollbackSuspected'] as const;

function grantOf(
  grant: FamilyRecord<'GrantIssued'>,
  redemption: FamilyRecord<'GrantRedeemed'> | undefined,
): LineageGrant {
  const { subject = null, sessionId = null, grantType, scope, resources, offline } = grant.data;
  const { absoluteExpiresAt, policy, code } = grant.data;
  return {
    ...requestOf(grant),
    subject,
    sessionId,
    grantType,
    scope,
    resources,
    offline,
    absoluteExpiresAt,
    policy,
    code:
      code === undefined
        ? null
        : {
            redirectUri: code.redirectUri,
            expiresAt: code.expiresAt,
            redeemedAt: redemption?.recordedAt ?? null,
            redeemedBy: redemption?.position ?? null,
          },
  };
}

function rejectionOf(record: FamilyRecord<'RefreshRejected'>): LineageRejection {
  const { kind, reason, presentedGeneration = null, currentGeneration = null } = record.data;
  const { age = null, incidentId = null } = record.data;
  const generations = { presentedGeneration, currentGeneration };
  return { ...requestOf(record), kind, ...generations, reason, age, incidentId };
}

function countOf({ position, data }: FamilyRecord<'PresentationsCounted'>): LineageCount {
  const { outcome, reason = null, generation = null, count, firstAt, lastAt } = data;
  return { position, outcome, reason, generation, count, firstAt, lastAt };
}

function detectionOf(record: Detection): LineageDetection {
  const { kind, presentedGeneration, currentGeneration = null, incidentId } = record.data;
  const isReuse = record.type === 'RefreshTokenReuseDetected';
  return {
    ...requestOf(record),
    what: isReuse ? 'reuse' : 'ledger_rollback',
    kind,
    presentedGeneration,
    currentGeneration,
    age: isReuse ? record.data.age : null,
    incidentId,
  };
}

function endOf(
  { recordedAt: at, position, data }: FamilyRecord<'FamilyRevoked'>,
  lastUse: Use | undefined,
  tokens: MintedTokens,
): LineageEnd {
  const killed = tokens.all().filter((token) => token.revoked === null && isUnexpired(token, at));
  return {
    at,
    position,
    reason: data.reason,
    actor: data.actor,
    incidentId: data.incidentId ?? null,
    killed: {
      generation: usableGeneration(lastUse, at),
      accessTokens: killed.map(({ jti, expiresAt }) => ({ jti, expiresAt })),
    },
  };
}

/** The generation that could have been used at this instant; the idle expiry moves with each use. */
function usableGeneration(lastUse: Use | undefined, at: Instant): number | null {
  const isUsable = lastUse?.data.idleExpiresAt !== undefined && lastUse.data.idleExpiresAt > at;
  return isUsable ? lastUse.data.generation : null;
}
