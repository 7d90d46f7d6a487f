import type { Instant, Position } from '../identifiers.js';
import {
  type FamilyRecord,
  type RecordedRequest,
  recordsOf,
  requestOf,
} from './family-record.rules.js';
import type { MintedToken } from './minted-token.rules.js';

/** A consumed refresh token came again inside the retry window, and got its successor again. */
export interface LineageRetry extends RecordedRequest {
  /** Since it was consumed, in milliseconds. */
  readonly age: number;
  /** Of the access token that it was answered with. */
  readonly servedSequence: number;
  readonly isOtherParty: boolean;
  readonly incidentId: string | null;
}

/** A refresh token of a family, and all that it came to. */
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
}

/** One entry per refresh token of a family, oldest first; one for a family that got none. */
export function generationsOf(
  records: readonly FamilyRecord[],
  tokens: readonly MintedToken[],
): readonly LineageGeneration[] {
  const issues = recordsOf(records, 'GrantRedeemed', 'RefreshTokenRotated');
  const groups = {
    retries: grouped(recordsOf(records, 'RefreshRetried'), ({ data }) => data.presentedGeneration),
    refreshes: grouped(recordsOf(records, 'AccessTokenRefreshed'), ({ data }) => data.generation),
    tokens: grouped(tokens, ({ generation }) => generation),
  };
  // Each rotation consumes the generation before its own: the next issue is the end of this one.
  return issues.map((issue, index) => generationOf(issue, issues[index + 1], groups));
}

type Issue = FamilyRecord<'GrantRedeemed' | 'RefreshTokenRotated'>;
type Grouped<Item> = (generation: number | null) => readonly Item[];

function generationOf(
  issue: Issue,
  successor: Issue | undefined,
  groups: {
    readonly retries: Grouped<FamilyRecord<'RefreshRetried'>>;
    readonly refreshes: Grouped<FamilyRecord<'AccessTokenRefreshed'>>;
    readonly tokens: Grouped<MintedToken>;
  },
): LineageGeneration {
  const { generation } = issue.data;
  const { at: issuedAt, ...request } = requestOf(issue);
  return {
    generation,
    issuedAt,
    ...request,
    consumedAt: successor?.recordedAt ?? null,
    consumedBy: successor?.position ?? null,
    refreshes: groups.refreshes(generation).map(requestOf),
    retries: groups.retries(generation).map(retryOf),
    accessTokens: groups.tokens(generation),
  };
}

function grouped<Item>(
  items: readonly Item[],
  keyOf: (item: Item) => number | null,
): Grouped<Item> {
  const groups = new Map<number | null, Item[]>();
  for (const item of items) {
    const generation = keyOf(item);
    const group = groups.get(generation);
    if (group === undefined) groups.set(generation, [item]);
    else group.push(item);
  }
  return (generation) => groups.get(generation) ?? [];
}

function retryOf(record: FamilyRecord<'RefreshRetried'>): LineageRetry {
  const { age, servedSequence, otherParty = false, incidentId = null } = record.data;
  return { ...requestOf(record), age, servedSequence, isOtherParty: otherParty, incidentId };
}
