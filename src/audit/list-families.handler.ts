import { setImmediate } from 'node:timers/promises';
import { type IQueryHandler, QueryHandler } from '@nestjs/cqrs';
import type { Instant } from '../domain/identifiers.js';
import type { FamilyState } from '../domain/token-family/family.state.js';
import { Ledger, type StreamRow } from '../ledger/ledger.port.js';
import { asOfStreams, momentOf, newestEvent } from './as-of.answer.js';
import { familyStanding } from './family.answer.js';
import { blockedBy, ownersOf } from './family-owners.reader.js';
import {
  type FamilyList,
  ListFamilies,
  type ListedFamily,
  type ListedStatus,
} from './list-families.query.js';
import { searchStreams } from './stream-search.reader.js';

type FamilyRow = StreamRow<'family'>;

/** After so many families the server's other work has its turn. */
const FAMILIES_AT_ONCE = 100;

/** Answers with the newest families that are chosen. */
@QueryHandler(ListFamilies)
export class ListFamiliesHandler implements IQueryHandler<ListFamilies> {
  constructor(private readonly ledger: Ledger) {}

  async execute({ choice, limit }: ListFamilies): Promise<FamilyList> {
    const { before, searchedMax, clientId, subject, status } = choice;
    const now = Date.now();
    const isChosen = async ({ state }: FamilyRow): Promise<boolean> =>
      (clientId === undefined || state.clientId === clientId) &&
      (subject === undefined || state.subject === subject) &&
      (status === undefined || (await this.listedStatus(state, now)) === status);
    const newest = await newestEvent(this.ledger);
    const search = { before, limit, isChosen, searchedMax };
    const { rows, next } = await searchStreams(this.ledger, 'family', search);
    const families: ListedFamily[] = [];
    for (const row of rows) {
      families.push(await this.listed(row, now));
      if (families.length % FAMILIES_AT_ONCE === 0) await setImmediate();
    }
    return { asOf: await asOfStreams(this.ledger, newest, rows), families, next };
  }

  private async listedStatus(state: FamilyState, now: Instant): Promise<ListedStatus> {
    const { status, end } = familyStanding(state, now);
    if (end !== null) return status;
    return blockedBy(state, await ownersOf(this.ledger, state)) === null ? status : 'blocked';
  }

  private async listed({ streamId, state }: FamilyRow, now: Instant): Promise<ListedFamily> {
    const owners = await ownersOf(this.ledger, state);
    return {
      id: streamId.slice('family:'.length),
      ...familyStanding(state, now),
      blockedBy: blockedBy(state, owners),
      client: { id: state.clientId, name: owners.client?.metadata.name ?? null },
      subject: state.subject ?? null,
      generation: state.generation,
      grantedAt: momentOf(state.grantedAt),
      updatedAt: momentOf(state.updatedAt),
    };
  }
}
