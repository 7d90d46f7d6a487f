/** What a client asked, of which node, and what came of it. No token stands in it. */
export interface Exchange {
  /** Which family, as its clients call it. */
  readonly family: number;
  readonly operation: 'refresh' | 'revoke';
  /** The generation of the refresh token that was presented. */
  readonly generation: number;
  readonly node: string;
  /** By a clock of this process that never runs backwards, in milliseconds. */
  readonly startedAt: number;
  readonly endedAt: number;
  /** Undefined: no answer came, or not all of one. */
  readonly status: number | undefined;
  /** Of a refresh that succeeded: a digest of the refresh token that it was answered with. */
  readonly successor?: string | undefined;
  /** Of a refresh that succeeded: whose access token it is, `<family id>.<sequence>`. */
  readonly tokenId?: string | undefined;
  /** In seconds, as the answer had it. */
  readonly retryAfter?: number | undefined;
  /** The OAuth error of an answer, or why none came. */
  readonly error?: string | undefined;
}

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
