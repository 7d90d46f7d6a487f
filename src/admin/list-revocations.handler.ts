import { setImmediate } from 'node:timers/promises';
import { type IQueryHandler, QueryHandler } from '@nestjs/cqrs';
import type { StreamId } from '../domain/identifiers.js';
import { Ledger, type StreamRow } from '../ledger/ledger.port.js';
import {
  type ListedRevocation,
  ListRevocations,
  type RevocationPage,
  type RevocationsNotListed,
} from './list-revocations.query.js';

const STREAMS_AT_ONCE = 1000;
/** So many are told at one go where all of them are asked for. */
const REVOCATIONS_AT_ONCE = 250;

type FoundPage = Pick<RevocationPage, 'kind' | 'revocations' | 'next'>;

/**
 * Lists revocations. Their ids are digests and say nothing of time, so that all of them are looked at; no
 * more than a page is kept.
 */
@QueryHandler(ListRevocations)
export class ListRevocationsHandler implements IQueryHandler<ListRevocations> {
  constructor(private readonly ledger: Ledger) {}

  async execute({
    before,
    limit,
    isWhole,
  }: ListRevocations): Promise<RevocationPage | RevocationsNotListed> {
    const page = await this.page(before, isWhole ? Math.min(REVOCATIONS_AT_ONCE, limit) : limit);
    return page.kind === 'listed' ? { ...page, pages: () => this.pages(page, limit) } : page;
  }

  private async *pages(
    first: FoundPage,
    limit: number,
  ): AsyncGenerator<readonly ListedRevocation[]> {
    let left = limit - first.revocations.length;
    yield first.revocations;
    for (let { next } = first; next !== null && left > 0;) {
      await setImmediate();
      const page = await this.page(next, Math.min(REVOCATIONS_AT_ONCE, left));
      if (page.kind !== 'listed') throw new Error('the ledger lost a revocation');
      yield page.revocations;
      left -= page.revocations.length;
      ({ next } = page);
    }
  }

  private async page(
    before: string | undefined,
    limit: number,
  ): Promise<FoundPage | RevocationsNotListed> {
    const last = before === undefined ? undefined : await this.ledger.load('revocation', before);
    if (before !== undefined && last === undefined) return { kind: 'unknown_revocation' };
    const begin = before === undefined || last === undefined ? null : { id: before, state: last };
    let newest: readonly ListedRevocation[] = [];
    for (let place: StreamId | null | undefined = null; place !== undefined;) {
      const rows: readonly StreamRow<'revocation'>[] =
        await this.ledger.streamsOfKind<'revocation'>('revocation', place, STREAMS_AT_ONCE);
      const older = rows
        .map(({ streamId, state }) => ({ id: streamId.slice('revocation:'.length), state }))
        .filter((one) => begin === null || newestFirst(begin, one) < 0);
      newest = [...newest, ...older].sort(newestFirst).slice(0, limit + 1);
      place = rows.length < STREAMS_AT_ONCE ? undefined : rows.at(-1)?.streamId;
    }
    const revocations = newest.slice(0, limit);
    const next = newest.length > limit ? (revocations.at(-1)?.id ?? null) : null;
    return { kind: 'listed', revocations, next };
  }
}

function newestFirst(one: ListedRevocation, other: ListedRevocation): number {
  const byId = Number(one.id < other.id) - Number(one.id > other.id);
  return other.state.startedAt - one.state.startedAt || byId;
}
