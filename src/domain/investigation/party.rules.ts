import type { Position } from '../identifiers.js';
import { isOtherParty, networkOf } from '../token-family/other-party.rules.js';
import type { RequestRecord } from './family-record.rules.js';

/** One of the two sides of an incident, and where in the ledger it shows itself. */
export interface Party {
  /** Who had what the presented token led to, or who presented it. */
  readonly role: 'holder' | 'presenter';
  /** null when the origin was erased, or never known. */
  readonly address: string | null;
  readonly userAgent: string | null;
  readonly senderKey: string | null;
  readonly clientId: string | null;
  readonly firstPosition: Position;
  readonly lastPosition: Position;
}

/** What tells two requests apart, or what they have in common. */
export type Likeness =
  | 'same_sender_key'
  | 'other_sender_key'
  | 'same_network_and_agent'
  | 'other_network'
  | 'other_agent'
  | 'other_network_and_agent'
  | 'origin_erased'
  | 'origin_unknown';

/** Whether two requests look like two parties; `partly`: only their networks differ, or only their agents. */
export type Otherness = 'same' | 'partly' | 'other' | 'unknown';

/** What a likeness says about two parties. */
export const othernessOf: Readonly<Record<Likeness, Otherness>> = {
  same_sender_key: 'same',
  other_sender_key: 'other',
  same_network_and_agent: 'same',
  other_network: 'partly',
  other_agent: 'partly',
  other_network_and_agent: 'other',
  origin_erased: 'unknown',
  origin_unknown: 'unknown',
};

/**
 * What two requests have in common. A key that both proved to hold decides: a network and an agent can
 * be shared or imitated.
 */
export function likenessOf(one: RequestRecord, other: RequestRecord): Likeness {
  const { senderKey } = one.data;
  if (senderKey !== other.data.senderKey) return 'other_sender_key';
  if (senderKey !== undefined) return 'same_sender_key';
  if (one.isOriginErased || other.isOriginErased) return 'origin_erased';
  if (one.origin === null || other.origin === null) return 'origin_unknown';
  if (isOtherParty(one.origin, other.origin)) return 'other_network_and_agent';
  if (one.origin.userAgent !== other.origin.userAgent) return 'other_agent';
  const isSameNetwork = networkOf(one.origin.address) === networkOf(other.origin.address);
  return isSameNetwork ? 'same_network_and_agent' : 'other_network';
}

/** Whether two requests look like two parties. */
export function othernessBetween(one: RequestRecord, other: RequestRecord): Otherness {
  return othernessOf[likenessOf(one, other)];
}

/** Follows where requests came from the same party as one of them. */
export class PartyTrace {
  private first: Position;
  private last: Position;

  constructor(private readonly request: RequestRecord) {
    this.first = request.position;
    this.last = request.position;
  }

  /** Takes a request. */
  see(request: RequestRecord): void {
    if (othernessBetween(this.request, request) !== 'same') return;
    this.first = Math.min(this.first, request.position);
    this.last = Math.max(this.last, request.position);
  }

  /** The party that the request came from. */
  party(role: Party['role']): Party {
    const { origin, data } = this.request;
    return {
      role,
      address: origin?.address ?? null,
      userAgent: origin?.userAgent ?? null,
      senderKey: data.senderKey ?? null,
      clientId: data.clientId ?? null,
      firstPosition: this.first,
      lastPosition: this.last,
    };
  }
}
