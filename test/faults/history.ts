/** What a client asked, of which node, and what came of it. No token stands in it. */
export interface Exchange {
  /** Which family, as its clients call it. A client that takes tokens of its own has a number too. */
  readonly family: number;
  /** As the ledger calls the family; undefined where there is none. */
  readonly familyId?: string | undefined;
  readonly operation: Operation;
  /** The generation of the refresh token that was presented, or whose access token was asked about. */
  readonly generation: number;
  readonly node: string;
  /** By a clock of this process that never runs backwards, in milliseconds. */
  readonly startedAt: number;
  readonly endedAt: number;
  /** Undefined: no answer came, or not all of one. */
  readonly status: number | undefined;
  /** Of tokens that were granted: a digest of the refresh token that it was answered with. */
  readonly successor?: string | undefined;
  /** Of tokens that were granted: which access token it is, `<family id>.<sequence>`. */
  readonly tokenId?: string | undefined;
  /** What introspection said of an access token. */
  readonly isActive?: boolean | undefined;
  /** In seconds, as the answer had it. */
  readonly retryAfter?: number | undefined;
  /** The OAuth error of an answer, or why none came. */
  readonly error?: string | undefined;
}

/**
 * What a client does: it redeems a code, refreshes, revokes a family, asks what an access token is
 * worth, or takes a token of its own.
 */
export type Operation = 'redeem' | 'refresh' | 'revoke' | 'introspect' | 'take';

/** The generation of what comes before the first refresh token, as a code does. */
export const NO_GENERATION = -1;

/** An event of the ledger, as it stands in the database. */
export interface LedgerEvent {
  readonly position: number;
  readonly streamId: string;
  readonly streamVersion: number;
  readonly type: string;
  readonly data: Readonly<Record<string, unknown>>;
}

/** Whether an exchange was a refresh that succeeded. */
export function isRefreshed(exchange: Exchange): boolean {
  return exchange.operation === 'refresh' && exchange.status === 200;
}

/** Whether an exchange was a code that was redeemed. */
export function isRedeemed(exchange: Exchange): boolean {
  return exchange.operation === 'redeem' && exchange.status === 200;
}

/** Whether tokens of a family were granted. */
export function isGranted(exchange: Exchange): boolean {
  return isRefreshed(exchange) || isRedeemed(exchange);
}

/** Whether a client was told of a token that it took for itself. */
export function isTaken(exchange: Exchange): boolean {
  return exchange.operation === 'take' && exchange.status === 200;
}

/** Whether a node answered that it can do nothing now. */
export function isUnavailable({ status }: Exchange): boolean {
  return status === 503;
}

/** Whether an exchange was a revocation that was acknowledged. */
export function isRevoked(exchange: Exchange): boolean {
  return exchange.operation === 'revoke' && exchange.status === 200;
}

/** What belongs together, by its key, in the order of a list. */
export function groupBy<Item, Key>(
  items: readonly Item[],
  keyOf: (item: Item) => Key,
): ReadonlyMap<Key, readonly Item[]> {
  const groups = new Map<Key, Item[]>();
  for (const item of items) {
    const key = keyOf(item);
    const group = groups.get(key);
    if (group === undefined) groups.set(key, [item]);
    else group.push(item);
  }
  return groups;
}
