import { setImmediate, setTimeout } from 'node:timers/promises';
import { Injectable } from '@nestjs/common';
import { CommandBus } from '@nestjs/cqrs';
import { newUuid } from '../config/random-identifiers.js';
import { AddressRanges } from '../directory/address-ranges.service.js';
import { decideRevokeClientToken } from '../domain/directory/client-token.decider.js';
import { DEFAULT_PROJECT, streamIdOf } from '../domain/identifiers.js';
import { decideCompleteRevocation } from '../domain/revocation/revocation.decider.js';
import type { RevocationState, RevocationTerms } from '../domain/revocation/revocation.state.js';
import { RevokeFamily } from '../grants/revoke-family.command.js';
import { type Attribution, Ledger } from '../ledger/ledger.port.js';
import { setMark } from './revocation-mark.js';
import { type RevocationSet, RevocationSets } from './revocation-set.reader.js';

/** So many families are ended at one go: they share a commit or two. */
const FAMILIES_AT_ONCE = 64;
/** Views that are behind the ledger are given so long to follow at one go, in milliseconds. */
const VIEWS_WAIT_MAX = 1000;
const VIEWS_WAIT_STEP = 10;

/** How far a revocation is: families and client tokens together. */
export interface RevocationProgress {
  readonly done: number;
  readonly total: number;
}

/** Whoever watches a revocation run, or stops it. */
export interface RevocationWatch {
  readonly signal?: AbortSignal | undefined;
  readonly progressed?: (progress: RevocationProgress) => void;
}

interface Run {
  readonly id: string;
  readonly terms: RevocationTerms;
  readonly attribution: Attribution;
}

/**
 * Ends the families of revocations that were started. What a crash cut short is begun again: the set is
 * found again at its position, and what has ended stays as it is.
 */
@Injectable()
export class RevocationRunner {
  constructor(
    private readonly ledger: Ledger,
    private readonly sets: RevocationSets,
    private readonly commands: CommandBus,
    private readonly ranges: AddressRanges,
  ) {}

  /**
   * Completes a revocation, unless it is stopped; its state then. Throws a LedgerError, or an Error
   * when there is none of this id; the next call goes on.
   */
  async run(id: string, { signal, progressed }: RevocationWatch = {}): Promise<RevocationState> {
    const state = await this.stateOf(id);
    const { terms } = state;
    if (state.completed !== undefined) {
      await this.forgetRange(id, terms);
      return state;
    }
    const attribution = { actor: 'system', correlationId: newUuid() };
    await setMark(this.commands, terms, { ...attribution, actor: terms.actor });
    const set = await this.setOf(id, terms, signal);
    if (set === undefined) return state;
    const run = { id, terms, attribution };
    const { families, clientTokens } = set;
    const total = families.length + clientTokens.length;
    let familiesRevoked = 0;
    let done = 0;
    // Ids begin with the time of the grant: what was granted last is the likeliest to be in use.
    for (const chunk of [...chunksOf(families.toReversed()), ...chunksOf(clientTokens)]) {
      if (signal?.aborted === true) return state;
      const isFamilies = done < families.length;
      const ended = await Promise.all(
        chunk.map((one) => (isFamilies ? this.endFamily(run, one) : this.endToken(run, one))),
      );
      if (isFamilies) familiesRevoked += ended.filter(Boolean).length;
      done += chunk.length;
      progressed?.({ done, total });
      await setImmediate();
    }
    await this.complete(run, set, familiesRevoked);
    await this.forgetRange(id, terms);
    return this.stateOf(id);
  }

  private async forgetRange(id: string, { selector }: RevocationTerms): Promise<void> {
    if (selector.kind === 'address') await this.ranges.forget(id);
  }

  private async stateOf(id: string): Promise<RevocationState> {
    const state = await this.ledger.load('revocation', id);
    if (state === undefined) throw new Error('there is no such revocation');
    return state;
  }

  /** Waits for views that reach the position; undefined when it is stopped before. */
  private async setOf(
    id: string,
    terms: RevocationTerms,
    signal: AbortSignal | undefined,
  ): Promise<RevocationSet | undefined> {
    const { selector, position } = terms;
    const range = selector.kind === 'address' ? await this.ranges.rangeOf(id) : undefined;
    for (;;) {
      if (signal?.aborted === true) return undefined;
      const isFollowed = await this.sets.followed(position, VIEWS_WAIT_MAX);
      const set = isFollowed ? await this.sets.find({ selector, position, range }) : undefined;
      if (set?.kind === 'found') return set;
      await setTimeout(VIEWS_WAIT_STEP);
    }
  }

  /** Ends a family; true when it was this revocation that ended it, now or before a restart. */
  private async endFamily({ id, terms, attribution }: Run, familyId: string): Promise<boolean> {
    const { actor } = terms;
    const outcome = await this.commands.execute(
      new RevokeFamily(
        familyId,
        { reason: 'operator_request', actor, revocationId: id },
        { receivedAt: Date.now(), correlationId: attribution.correlationId, origin: undefined },
      ),
    );
    if (outcome === 'revoked') return true;
    const family = await this.ledger.load('family', familyId);
    return family?.revoked?.revocationId === id;
  }

  private async endToken({ terms, attribution }: Run, tokenId: string): Promise<boolean> {
    const outcome = await this.ledger.execute({
      kind: 'client_token',
      streamId: streamIdOf('client_token', tokenId),
      project: DEFAULT_PROJECT,
      attribution: { ...attribution, actor: terms.actor },
      decide: ({ state }) => decideRevokeClientToken(state, 'operator_request'),
    });
    return outcome === 'revoked';
  }

  private async complete(
    { id, attribution }: Run,
    { families, clientTokens, setDigest }: RevocationSet,
    familiesRevoked: number,
  ): Promise<void> {
    const result = {
      families: families.length,
      clientTokens: clientTokens.length,
      setDigest,
      familiesRevoked,
      familiesEnded: families.length - familiesRevoked,
    };
    await this.ledger.execute({
      kind: 'revocation',
      streamId: streamIdOf('revocation', id),
      project: DEFAULT_PROJECT,
      attribution,
      decide: ({ state }) => decideCompleteRevocation(state, result),
    });
  }
}

function chunksOf(ids: readonly string[]): readonly (readonly string[])[] {
  const starts = Array.from(
    { length: Math.ceil(ids.length / FAMILIES_AT_ONCE) },
    (_, index) => index * FAMILIES_AT_ONCE,
  );
  return starts.map((start) => ids.slice(start, start + FAMILIES_AT_ONCE));
}
