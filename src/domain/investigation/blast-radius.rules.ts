import type { Instant, Position } from '../identifiers.js';
import type { EventWithOrigin, FamilyRecord } from './family-record.rules.js';
import {
  type Consumption,
  hasConsumed,
  type InvestigatedIncident,
  isShadow,
  openingOf,
  type Presentation,
} from './incident-presentation.rules.js';
import { isUnexpired, type MintedToken, MintedTokens } from './minted-token.rules.js';
import { Newest } from './newest.rules.js';
import { answerFrom, type Passes } from './passes.rules.js';

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
  /** Minted since the fork, in order: all of them, or the newest. */
  readonly accessTokens: readonly ExposedToken[];
  /** How many were minted since. */
  readonly accessTokenCount: number;
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
  return answerFrom(blastRadius(incident, Infinity), history);
}

/** The same in three passes, with so many access tokens at most. */
export function* blastRadius(
  incident: InvestigatedIncident,
  tokensMax: number,
): Passes<BlastRadius | undefined> {
  const { presentation, end, last } = yield* openingOf(incident);
  if (presentation === undefined) return undefined;
  const { recordedAt: measuredAt } = end ?? (last as FamilyRecord);
  const reach = new Reach(yield* firstOf(presentation), measuredAt, tokensMax);
  yield (record) => reach.see(record);
  return {
    ...reach.result(),
    familyEndedAt: end?.recordedAt ?? null,
    measuredAt,
    isComplete: incident.kind !== 'ledger_rollback',
  };
}

/** A shadow began with the earliest of the generations that make it one. */
function* firstOf(presentation: Presentation): Passes<Presentation> {
  let first: Presentation | undefined;
  yield (record) => {
    if (isShadow(record, presentation)) first ??= record;
  };
  return first ?? presentation;
}

/** The access tokens since a fork, as they are met. */
class Reach {
  private readonly tokens = new MintedTokens();
  private readonly sequences: Newest<number>;
  private readonly scopes = new Set<string>();
  private readonly audiences = new Set<string>();
  private longestRemainingLife = 0;
  private fork: Consumption | undefined;

  constructor(
    private readonly presentation: Presentation,
    private readonly measuredAt: Instant,
    tokensMax: number,
  ) {
    this.sequences = new Newest(tokensMax);
  }

  see(record: FamilyRecord): void {
    if (hasConsumed(record, this.presentation)) this.fork = record;
    const minted = this.tokens.see(record);
    if (minted === undefined) return;
    const untold = this.fork === undefined ? minted.sequence : this.expose(minted);
    if (untold !== undefined) this.tokens.forget(untold);
  }

  result(): Omit<BlastRadius, 'familyEndedAt' | 'measuredAt' | 'isComplete'> {
    const { fork, measuredAt, longestRemainingLife, sequences } = this;
    const tokens = sequences.list.map((sequence) => this.tokens.of(sequence));
    return {
      fork: fork === undefined ? null : { position: fork.position, at: fork.recordedAt },
      accessTokens: tokens.map((token) => exposed(token, measuredAt)),
      accessTokenCount: sequences.count,
      scopes: [...this.scopes].sort(),
      audiences: [...this.audiences].sort(),
      longestRemainingLife,
    };
  }

  /** Answers with the token that is told no more. */
  private expose({ sequence, scope, audience, expiresAt }: MintedToken): number | undefined {
    for (const one of scope) this.scopes.add(one);
    for (const one of audience) this.audiences.add(one);
    this.longestRemainingLife = Math.max(this.longestRemainingLife, expiresAt - this.measuredAt);
    return this.sequences.add(sequence);
  }
}

function exposed(token: MintedToken, measuredAt: Instant): ExposedToken {
  return { ...token, isUnexpired: isUnexpired(token, measuredAt) };
}
