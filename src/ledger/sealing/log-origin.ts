/** `token-ledger/<id of the log>`, and from the first restoration on `/<epoch>-<random>`. */
const ORIGIN = /^(token-ledger\/[0-9a-f]{32})(?:\/([1-9]\d{0,4})-[0-9a-f]{8})?$/;

/**
 * The origin of another epoch of a log. `discriminator` is 8 random hexadecimal digits: an old copy
 * that is restored twice must not have two trees under one name.
 */
export function originOfEpoch(origin: string, epoch: number, discriminator: string): string {
  return `${ORIGIN.exec(origin)?.[1] ?? origin}/${epoch}-${discriminator}`;
}

/** The epoch that an origin names; 0 for one without. */
export function epochOfOrigin(origin: string): number {
  return Number(ORIGIN.exec(origin)?.[2] ?? 0);
}

/** Whether two origins are of one log, in whatever epochs. */
export function isSameLog(one: string, other: string): boolean {
  const log = ORIGIN.exec(one)?.[1];
  return log !== undefined && log === ORIGIN.exec(other)?.[1];
}

/** Whether a checkpoint is newer than another one of the same log: by its epoch, then its size. */
export function isNewer(one: NamedSize, other: NamedSize): boolean {
  const epochs = epochOfOrigin(one.origin) - epochOfOrigin(other.origin);
  return epochs > 0 || (epochs === 0 && one.size > other.size);
}

interface NamedSize {
  readonly origin: string;
  readonly size: number;
}

/** Whether an origin is of a later epoch than another one of the same log. */
export function isLaterEpoch(origin: string, other: string): boolean {
  return epochOfOrigin(origin) > epochOfOrigin(other);
}
