import { setImmediate } from 'node:timers/promises';
import { Injectable } from '@nestjs/common';
import type { RecordedEvent } from '../domain/envelope.js';
import { type Instant, type Position, type StreamId, streamIdOf } from '../domain/identifiers.js';
import {
  ACCESS_TOKEN_LIFETIME_MAX,
  NO_REACH,
  reachOf,
  together,
  type TokenReach,
} from '../domain/revocation/reach.rules.js';
import { Ledger } from '../ledger/ledger.port.js';
import type { RevocationSet } from './revocation-set.reader.js';

const EVENTS_AT_ONCE = 250;

/** Tells what the access tokens in a set can still be believed for. */
@Injectable()
export class RevocationReach {
  constructor(private readonly ledger: Ledger) {}

  /** The reach of all that is in a set, when it was found. */
  async of({ families, clientTokens, position, foundAt }: RevocationSet): Promise<TokenReach> {
    let reach = NO_REACH;
    const streamIds = [
      ...families.map((id) => streamIdOf('family', id)),
      ...clientTokens.map((id) => streamIdOf('client_token', id)),
    ];
    for (const streamId of streamIds) {
      reach = together(reach, reachOf(await this.recent(streamId, position, foundAt), foundAt));
      await setImmediate();
    }
    return reach;
  }

  /** The events of a stream that may have minted a token which had not expired. */
  private async recent(
    streamId: StreamId,
    upTo: Position,
    at: Instant,
  ): Promise<readonly RecordedEvent[]> {
    const recent: RecordedEvent[] = [];
    for (let before: Position | null = upTo + 1; before !== null;) {
      const page: Awaited<ReturnType<Ledger['streamEvents']>> = await this.ledger.streamEvents(
        streamId,
        before,
        EVENTS_AT_ONCE,
      );
      const fresh = page.events.filter(
        ({ recordedAt }) => recordedAt > at - ACCESS_TOKEN_LIFETIME_MAX,
      );
      recent.push(...fresh);
      before = fresh.length < page.events.length ? null : page.next;
    }
    return recent;
  }
}
