import type { QueryBus } from '@nestjs/cqrs';
import { Problem } from '../access/problem-details.js';
import type { Position } from '../domain/identifiers.js';
import type { ViewOrder, ViewsBeingBuilt } from '../views/views.port.js';
import { FindFixedState, FindMoment } from './find-moment.query.js';
import type { Listing, ListingRequest } from './listing.reader.js';
import type { At, Moment } from '../access/moment.js';
import { parameterProblem } from '../access/wrong-parameter.js';
import { beingBuilt } from './audit-door.decorator.js';
import { listNameOf, NO_CURSOR, pinnedCursor, pinnedPlaceIn } from '../access/pinned-cursor.js';

/** The parameters that every list has. */
export interface PageParameters {
  readonly at?: At | undefined;
  readonly cursor?: string | undefined;
  readonly limit?: number | undefined;
  readonly order?: ViewOrder | undefined;
  readonly from?: number | undefined;
  readonly to?: number | undefined;
}

/** The moment that is asked for. Throws a Problem when there is none. */
export async function momentFor(queries: QueryBus, at: At | undefined): Promise<Moment> {
  const moment = await queries.execute(new FindMoment(at));
  if (!('kind' in moment)) return moment;
  if (moment.kind === 'beyond_the_views') {
    const detail = `lies beyond position ${moment.newest}, where what this server shows ends`;
    throw parameterProblem('at', detail);
  }
  throw parameterProblem(
    'at',
    moment.reason === 'before_the_ledger'
      ? 'lies before the first event'
      : 'lies beyond the newest event',
  );
}

/**
 * Parameters with the moment that a server of one past state answers about, unless they name one.
 * Anywhere else they are as they came.
 */
export async function fixedIn<Parameters extends { readonly at?: At | undefined }>(
  queries: QueryBus,
  parameters: Parameters,
): Promise<Parameters> {
  const position =
    parameters.at === undefined ? await queries.execute(new FindFixedState()) : undefined;
  return position === undefined ? parameters : { ...parameters, at: { position } };
}

/** The moment that is asked for, or that a server of one past state answers about; undefined: now. */
export async function momentAsked(
  queries: QueryBus,
  parameters: { readonly at?: At | undefined },
): Promise<Moment | undefined> {
  const { at } = await fixedIn(queries, parameters);
  return at === undefined ? undefined : momentFor(queries, at);
}

/** Where a list begins, and of which state: what the cursor says, else `at`. `list` names the list. */
export async function requestOf(
  queries: QueryBus,
  list: string,
  parameters: PageParameters,
  defaults: { readonly order: ViewOrder; readonly limit: number },
): Promise<ListingRequest> {
  const { at, cursor, from, to } = parameters;
  const { limit = defaults.limit, order = defaults.order } = parameters;
  const range = { limit, order, from, to };
  if (cursor === undefined) {
    const { position, instant, isAsked } = await momentFor(queries, at);
    const upTo = at === undefined ? undefined : position;
    return { ...range, after: null, upTo, instant, isAsked };
  }
  const place = pinnedPlaceIn(cursor, listNameOf(list, parameters));
  await pinnedMoment(queries, place.upTo);
  return { ...range, ...place, after: numberIn(place) };
}

/** Where a list goes on whose places are numbers. Throws a Problem for any other. Attacker-controlled. */
export function numberIn({ after }: { readonly after: string }): number {
  const number = Number(after);
  if (!Number.isSafeInteger(number)) throw parameterProblem('cursor', NO_CURSOR);
  return number;
}

/**
 * Where a list of one moment begins: what the cursor says, else at its beginning (null). `list` names
 * the list.
 */
export async function placeIn(
  queries: QueryBus,
  list: string,
  parameters: PageParameters,
): Promise<{ readonly moment: Moment; readonly after: string | null }> {
  const { at, cursor } = parameters;
  if (cursor === undefined) return { moment: await momentFor(queries, at), after: null };
  const place = pinnedPlaceIn(cursor, listNameOf(list, parameters));
  const { recordedAt, position } = await pinnedMoment(queries, place.upTo);
  const { instant, isAsked, after } = place;
  return { moment: { position, recordedAt, instant, isAsked }, after };
}

/** The moment that a cursor shows. Throws a Problem where this ledger has no such position (yet). */
async function pinnedMoment(queries: QueryBus, position: Position): Promise<Moment> {
  const moment = await queries.execute(new FindMoment({ position }));
  if ('kind' in moment) throw parameterProblem('cursor', NO_CURSOR);
  return moment;
}

/** Where such a list goes on; null: there is no more. `upTo` is what its pages show. */
export function cursorIn(
  list: string,
  parameters: PageParameters,
  { instant, isAsked, upTo }: Pick<Moment, 'instant' | 'isAsked'> & { readonly upTo: Position },
  after: string | null,
): string | null {
  if (after === null) return null;
  return pinnedCursor({ upTo, instant, isAsked, after }, listNameOf(list, parameters));
}

/** Where the page after this one begins; null: there is none. */
export function cursorOf(
  list: string,
  parameters: PageParameters,
  { isAsked }: Pick<ListingRequest, 'isAsked'>,
  { upTo, instant, next }: Pick<Listing<unknown>, 'upTo' | 'instant' | 'next'>,
): string | null {
  if (next === null) return null;
  const place = { upTo, instant, isAsked, after: String(next) };
  return pinnedCursor(place, listNameOf(list, parameters));
}

/** Passes an answer on. Throws a Problem while there are no views to answer from. */
export function built<Answer extends { readonly kind: string }>(
  answer: Answer | ViewsBeingBuilt,
): Exclude<Answer, ViewsBeingBuilt> {
  if (answer.kind !== 'being_built') return answer as Exclude<Answer, ViewsBeingBuilt>;
  const { done, total } = answer as ViewsBeingBuilt;
  const detail = beingBuilt({ done, total });
  throw new Problem(
    { status: 503, title: 'Service Unavailable', detail, done, total },
    { 'retry-after': '1' },
  );
}
