import type {
  FamilyPolicy,
  RejectionReason,
  RevocationReason,
} from '../events/token-family.events.js';
import type { Instant, Position } from '../identifiers.js';
import {
  type EventWithOrigin,
  type FamilyRecord,
  familyRecordsOf,
  grantOf,
  type RecordedRequest,
  recordsOf,
  requestOf,
} from './family-record.rules.js';
import { generationsOf, type LineageGeneration } from './lineage-generation.rules.js';
import { isUnexpired, type MintedToken, mintedTokensOf } from './minted-token.rules.js';

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

/** All that descends from one grant. */
export interface Lineage {
  readonly grant: LineageGrant;
  /** Oldest first. */
  readonly generations: readonly LineageGeneration[];
  readonly rejections: readonly LineageRejection[];
  readonly counts: readonly LineageCount[];
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
  const records = familyRecordsOf(history);
  const tokens = mintedTokensOf(records);
  return {
    grant: grantIn(records),
    generations: generationsOf(records, tokens),
    rejections: recordsOf(records, 'RefreshRejected').map(rejectionOf),
    counts: recordsOf(records, 'PresentationsCounted').map(countOf),
    detection: detectionIn(records),
    end: endIn(records, tokens),
  };
}

function grantIn(records: readonly FamilyRecord[]): LineageGrant {
  const grant = grantOf(records);
  const { subject = null, sessionId = null, grantType, scope, resources, offline } = grant.data;
  const { absoluteExpiresAt, policy, code } = grant.data;
  const [redeemed] = recordsOf(records, 'GrantRedeemed');
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
            redeemedAt: redeemed?.recordedAt ?? null,
            redeemedBy: redeemed?.position ?? null,
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

function detectionIn(records: readonly FamilyRecord[]): LineageDetection | null {
  const [record] = recordsOf(records, 'RefreshTokenReuseDetected', 'LedgerRollbackSuspected');
  if (record === undefined) return null;
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

function endIn(
  records: readonly FamilyRecord[],
  tokens: readonly MintedToken[],
): LineageEnd | null {
  const [revoked] = recordsOf(records, 'FamilyRevoked');
  if (revoked === undefined) return null;
  const { recordedAt: at, position, data } = revoked;
  const killed = tokens.filter((token) => token.revoked === null && isUnexpired(token, at));
  return {
    at,
    position,
    reason: data.reason,
    actor: data.actor,
    incidentId: data.incidentId ?? null,
    killed: {
      generation: usableGeneration(records, at),
      accessTokens: killed.map(({ jti, expiresAt }) => ({ jti, expiresAt })),
    },
  };
}

/** The generation that could have been used at this instant; the idle expiry moves with each use. */
function usableGeneration(records: readonly FamilyRecord[], at: Instant): number | null {
  const last = recordsOf(
    records,
    'GrantRedeemed',
    'RefreshTokenRotated',
    'AccessTokenRefreshed',
  ).at(-1);
  const isUsable = last?.data.idleExpiresAt !== undefined && last.data.idleExpiresAt > at;
  return isUsable ? last.data.generation : null;
}
