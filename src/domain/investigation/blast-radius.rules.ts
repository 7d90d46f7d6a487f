import type { Instant, Position } from '../identifiers.js';
import {
  type EventWithOrigin,
  type FamilyRecord,
  familyRecordsOf,
  recordsOf,
} from './family-record.rules.js';
import {
  type Consumption,
  consumptionOf,
  type InvestigatedIncident,
  type Presentation,
  presentationOf,
  shadowsOf,
} from './incident-presentation.rules.js';
import { isUnexpired, type MintedToken, mintedTokensOf } from './minted-token.rules.js';

/** An access token that either party of an incident may hold. */
export interface ExposedToken extends MintedToken {
  /** Whether it had not expired when the reach was measured; revoked or not, it may be believed offline. */
  readonly isUnexpired: boolean;
}

/** What an incident can have given away. */
export interface BlastRadius {
  /** Where the two parties parted; null: what was presented had led to nothing. */
  readonly fork: { readonly position: Position; readonly at: Instant } | null;
  /** null: the family lived on. */
  readonly familyEndedAt: Instant | null;
  /** When the family ended; else when the last of the events was recorded. */
  readonly measuredAt: Instant;
  /** Minted since the fork, in order. */
  readonly accessTokens: readonly ExposedToken[];
  /** Of all of them together, sorted. */
  readonly scopes: readonly string[];
  readonly audiences: readonly string[];
  /** Of the one that expires last, from when it was measured, in milliseconds. */
  readonly longestRemainingLife: number;
  /** False after a rollback: what the lost part of the ledger minted is not known. */
  readonly isComplete: boolean;
}

/**
 * What an incident can have given away, from all events of its family, oldest first; undefined when the
 * presentation that opened it is not among them.
 */
export function blastRadiusOf(
  incident: InvestigatedIncident,
  history: readonly EventWithOrigin[],
): BlastRadius | undefined {
  const records = familyRecordsOf(history);
  const presentation = presentationOf(incident, records);
  if (presentation === undefined) return undefined;
  const fork = forkOf(presentation, records);
  const [end] = recordsOf(records, 'FamilyRevoked');
  const measuredAt = (end ?? (records.at(-1) as FamilyRecord)).recordedAt;
  const tokens = fork === undefined ? [] : tokensSince(fork, records);
  return {
    fork: fork === undefined ? null : { position: fork.position, at: fork.recordedAt },
    familyEndedAt: end?.recordedAt ?? null,
    measuredAt,
    accessTokens: tokens.map((token) => ({
      ...token,
      isUnexpired: isUnexpired(token, measuredAt),
    })),
    scopes: union(tokens.map(({ scope }) => scope)),
    audiences: union(tokens.map(({ audience }) => audience)),
    longestRemainingLife: tokens.reduce(
      (longest, { expiresAt }) => Math.max(longest, expiresAt - measuredAt),
      0,
    ),
    isComplete: incident.kind !== 'ledger_rollback',
  };
}

/** A shadow began with the earliest of the generations that make it one. */
function forkOf(
  presentation: Presentation,
  records: readonly FamilyRecord[],
): Consumption | undefined {
  const [first = presentation] = shadowsOf(presentation, records);
  return consumptionOf(first, records);
}

function tokensSince(fork: Consumption, records: readonly FamilyRecord[]): readonly MintedToken[] {
  return mintedTokensOf(records).filter(({ position }) => position >= fork.position);
}

function union(lists: readonly (readonly string[])[]): readonly string[] {
  return [...new Set(lists.flat())].sort();
}
