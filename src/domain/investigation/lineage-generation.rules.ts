import type { Instant, Position } from '../identifiers.js';
import { type FamilyRecord, type RecordedRequest, requestOf } from './family-record.rules.js';
import type { MintedToken, MintedTokens } from './minted-token.rules.js';
import { Newest } from './newest.rules.js';

/** A consumed refresh token came again inside the retry window, and got its successor again. */
export interface LineageRetry extends RecordedRequest {
  /** Since it was consumed, in milliseconds. */
  readonly age: number;
  /** Of the access token that it was answered with. */
  readonly servedSequence: number;
  readonly isOtherParty: boolean;
  readonly incidentId: string | null;
}

/** A refresh token of a family, and all that it came to; of each list the newest, oldest first. */
export interface LineageGeneration {
  /** null: the code was redeemed, but no refresh token was issued. */
  readonly generation: number | null;
  readonly issuedAt: Instant;
  /** Of the event that issued it, and who asked then. */
  readonly position: Position;
  readonly by: RecordedRequest['by'];
  readonly origin: RecordedRequest['origin'];
  readonly isOriginErased: boolean;
  readonly consumedAt: Instant | null;
  /** Of the event that gave it its successor. */
  readonly consumedBy: Position | null;
  /** Uses that left it current (policy `fixed`). */
  readonly refreshes: readonly RecordedRequest[];
  /** Presentations after it was consumed that were answered with its successor. */
  readonly retries: readonly LineageRetry[];
  /** All that were answered together with it, those of retries included. */
  readonly accessTokens: readonly MintedToken[];
  /** How many older ones there are beside those. */
  readonly omitted: {
    readonly refreshes: number;
    readonly retries: number;
    readonly accessTokens: number;
  };
}

/** An event that issued a refresh token, or the only access token of a family. */
export type Issue = FamilyRecord<'GrantRedeemed' | 'RefreshTokenRotated'>;

/** A generation on its way: what came to it so far. */
export class GenerationCourse {
  private readonly refreshes: Newest<RecordedRequest>;
  private readonly retries: Newest<LineageRetry>;
  private readonly sequences: Newest<number>;
  private consumption: Issue | undefined;

  constructor(
    private readonly issue: Issue,
    limit: number,
  ) {
    this.refreshes = new Newest(limit);
    this.retries = new Newest(limit);
    this.sequences = new Newest(limit);
  }

  /** Where it was issued. */
  get position(): Position {
    return this.issue.position;
  }

  /** Those of its access tokens that are told, by their sequences. */
  get told(): readonly number[] {
    return this.sequences.list;
  }

  /** Its successor was issued. */
  consume(successor: Issue): void {
    this.consumption = successor;
  }

  /** It was used and left current. */
  refresh(record: FamilyRecord<'AccessTokenRefreshed'>): void {
    this.refreshes.add(requestOf(record));
  }

  /** It came again and was answered with its successor. */
  retry(record: FamilyRecord<'RefreshRetried'>): void {
    this.retries.add(retryOf(record));
  }

  /** An access token was answered together with it; answers with the one that is told no more. */
  mint(sequence: number): number | undefined {
    return this.sequences.add(sequence);
  }

  /** What it came to. */
  result(tokens: MintedTokens): LineageGeneration {
    const { issue, consumption, refreshes, retries, sequences } = this;
    const { at: issuedAt, ...request } = requestOf(issue);
    return {
      generation: issue.data.generation,
      issuedAt,
      ...request,
      consumedAt: consumption?.recordedAt ?? null,
      consumedBy: consumption?.position ?? null,
      refreshes: refreshes.list,
      retries: retries.list,
      accessTokens: sequences.list.map((sequence) => tokens.of(sequence)),
      omitted: {
        refreshes: refreshes.omitted,
        retries: retries.omitted,
        accessTokens: sequences.omitted,
      },
    };
  }
}

function retryOf(record: FamilyRecord<'RefreshRetried'>): LineageRetry {
  const { age, servedSequence, otherParty = false, incidentId = null } = record.data;
  return { ...requestOf(record), age, servedSequence, isOtherParty: otherParty, incidentId };
}
