import { setImmediate } from 'node:timers/promises';
import { Injectable } from '@nestjs/common';
import { streamPages } from '../access/event-pages.js';
import { firstPositionSince } from '../access/moment.js';
import type { RecordedEvent } from '../domain/envelope.js';
import {
  type ClientId,
  type Instant,
  type Position,
  type StreamId,
  streamIdOf,
  type Subject,
} from '../domain/identifiers.js';
import { isUnexpired, jtiOf } from '../domain/investigation/minted-token.rules.js';
import { stateAfter } from '../domain/investigation/state-difference.rules.js';
import {
  ACCESS_TOKEN_LIFETIME_MAX,
  mintedUnexpired,
  NO_REACH,
  reachOf,
  together,
  tokenIn,
  type TokenReach,
} from '../domain/revocation/reach.rules.js';
import type { StateOf } from '../domain/streams.js';
import { isAccessTokenRevoked } from '../domain/token-family/family.state.js';
import { Ledger } from '../ledger/ledger.port.js';
import type { RevocationSet } from './revocation-set.reader.js';

/** An access token in the set of a revocation. */
export interface SetToken {
  readonly jti: string;
  /** null: a client has it for itself. */
  readonly familyId: string | null;
  readonly clientId: ClientId;
  readonly subject: Subject | null;
  /** The event that minted it: in which stream that is, and where in the ledger. */
  readonly place: TokenPlace;
  readonly issuedAt: Instant;
  readonly expiresAt: Instant;
  /** Whether it had not expired when the set was found; revoked or not, it may be believed offline. */
  readonly isUnexpired: boolean;
  /** Whether it had neither expired nor been revoked by itself. */
  readonly isLive: boolean;
  readonly scope: readonly string[];
  readonly audience: readonly string[];
  readonly signingKeyId: string;
}

/** Where an access token of a set was minted. */
export interface TokenPlace {
  readonly streamId: StreamId;
  readonly position: Position;
}

/** Which access tokens of a set are gone through. */
export interface TokenChoice {
  /** Only what had not expired when the set was found. */
  readonly isUnexpired: boolean;
  /** Only what comes after the token that was minted there, whose stream is in the set. */
  readonly after: TokenPlace | null;
}

type TokenStream = 'family' | 'client_token';

interface TokenOwner extends Pick<SetToken, 'familyId' | 'clientId' | 'subject'> {
  readonly streamId: StreamId;
  readonly isRevoked: (sequence: number) => boolean;
}

/** Finds the access tokens in the set of a revocation. */
@Injectable()
export class RevocationTokens {
  constructor(private readonly ledger: Ledger) {}

  /** What the access tokens in a set can still be believed for, from when it was found. */
  async reachOf(set: RevocationSet): Promise<TokenReach> {
    let reach = NO_REACH;
    for await (const mints of this.mints(set, { isUnexpired: true, after: null })) {
      if (mints.length > 0) reach = together(reach, reachOf(mints, set.foundAt));
    }
    return reach;
  }

  /**
   * The access tokens in a set as they were when it was found, in the order of its families, then of
   * its client_credentials tokens: some of one stream at a time, and no more is in memory. A page
   * without any comes where none was found, so that whoever has left is noticed.
   */
  async *tokens(set: RevocationSet, choice: TokenChoice): AsyncGenerator<readonly SetToken[]> {
    let owner: TokenOwner | undefined;
    for await (const mints of this.mints(set, choice)) {
      const streamId = mints[0]?.streamId;
      if (streamId === undefined) {
        yield [];
        continue;
      }
      const its = owner?.streamId === streamId ? owner : await this.ownerOf(streamId, set.position);
      owner = its;
      yield mints.map((mint) => setTokenOf(mint, its, set.foundAt));
    }
  }

  /** The events that minted them: a page for each stream at least, of none if need be. */
  private async *mints(
    set: RevocationSet,
    { isUnexpired: isFresh, after }: TokenChoice,
  ): AsyncGenerator<readonly RecordedEvent[]> {
    const { position: upTo, foundAt } = set;
    const oldest = foundAt - ACCESS_TOKEN_LIFETIME_MAX;
    const before = isFresh ? (await firstPositionSince(this.ledger, oldest, upTo + 1)) - 1 : -1;
    const streamIds = streamIdsOf(set);
    const begin = after === null ? 0 : streamIds.indexOf(after.streamId);
    for (const streamId of streamIds.slice(begin)) {
      const seen = after?.streamId === streamId ? Math.max(after.position, before) : before;
      const range = { after: seen < 0 ? null : seen, upTo };
      for await (const page of streamPages(this.ledger, streamId, range)) {
        const mints = page.filter((event) =>
          isFresh ? mintedUnexpired(event, foundAt) : tokenIn(event) !== undefined,
        );
        yield mints;
      }
      // A stream without any event in the range has no page.
      yield [];
      await setImmediate();
    }
  }

  private async ownerOf(streamId: StreamId, upTo: Position): Promise<TokenOwner> {
    const [kind, id] = streamId.split(':') as [TokenStream, string];
    if (kind === 'family') {
      const family = await this.stateAt(kind, id, upTo);
      const { clientId, subject = null } = family;
      const isRevoked = (sequence: number) => isAccessTokenRevoked(family, sequence);
      return { streamId, familyId: id, clientId, subject, isRevoked };
    }
    const { clientId, revoked } = await this.stateAt(kind, id, upTo);
    return { streamId, familyId: null, clientId, subject: null, isRevoked: () => revoked };
  }

  /** A stream's state at a position: the one that is stored, unless more has happened since. */
  private async stateAt<Kind extends TokenStream>(
    kind: Kind,
    id: string,
    upTo: Position,
  ): Promise<StateOf<Kind>> {
    const row = await this.ledger.streamRow(kind, id);
    let state = row !== undefined && row.lastPosition <= upTo ? row.state : undefined;
    if (state !== undefined) return state;
    const range = { after: null, upTo };
    for await (const page of streamPages(this.ledger, streamIdOf(kind, id), range)) {
      for (const event of page) state = stateAfter(kind, state, event);
    }
    if (state === undefined) throw new Error(`${kind} ${id} is in a set and had not begun`);
    return state;
  }
}

/** The streams of a set, in the order in which its tokens are told. */
export function streamIdsOf({
  families,
  clientTokens,
}: Pick<RevocationSet, 'families' | 'clientTokens'>): readonly StreamId[] {
  return [
    ...families.map((id) => streamIdOf('family', id)),
    ...clientTokens.map((id) => streamIdOf('client_token', id)),
  ];
}

function setTokenOf(
  mint: RecordedEvent,
  { isRevoked, streamId, ...owner }: TokenOwner,
  foundAt: Instant,
): SetToken {
  const facts = tokenIn(mint);
  if (facts === undefined) throw new Error('an event that minted a token has none');
  const { sequence, issuedAt, expiresAt, scope, audience, signingKeyId } = facts;
  const isFresh = isUnexpired(facts, foundAt);
  return {
    jti: jtiOf(streamId, sequence),
    ...owner,
    place: { streamId, position: mint.position },
    issuedAt,
    expiresAt,
    isUnexpired: isFresh,
    isLive: isFresh && !isRevoked(sequence),
    scope,
    audience,
    signingKeyId,
  };
}
