import type { Instant, Position } from '../domain/identifiers.js';
import type { Ledger } from '../ledger/ledger.port.js';
import type {
  PageRequest,
  Viewed,
  ViewedIncident,
  ViewPage,
  ViewsBeingBuilt,
  ViewsReader,
} from '../views/views.port.js';
import type { AsOf } from './as-of.answer.js';
import { asOfViews, followed } from './listing.reader.js';
import type { Moment } from '../access/moment.js';

/** One state of the views, about which several questions are asked. */
export interface ViewedState {
  readonly kind: 'viewed_state';
  readonly asOf: AsOf;
  readonly upTo: Position;
  readonly instant: Instant;
}

/** So many rows at most are counted one by one. */
const COUNTED_MAX = 1000;

/** The state of the views at a moment, or the newest that they have. */
export async function viewedStateAt(
  { ledger, views }: { readonly ledger: Ledger; readonly views: ViewsReader },
  moment: Moment,
): Promise<ViewedState | ViewsBeingBuilt> {
  const size = await ledger.size();
  const wanted = Math.min(moment.position, size - 1);
  await followed(views, wanted);
  const viewed = await views.events({}, newest(wanted, 1));
  if (viewed.kind === 'being_built') return viewed;
  const { upTo, at } = viewed;
  if (upTo === null || at === null) return { kind: 'being_built', done: 0, total: size };
  const asOf = asOfViews(moment, { position: upTo, at }, wanted - upTo);
  return { kind: 'viewed_state', asOf, upTo, instant: moment.instant };
}

/** An answer from one state of the views. */
export interface Seen<Answer> {
  readonly kind: 'seen';
  readonly state: ViewedState;
  readonly answer: Answer;
}

/** What is found in the state of the views at a moment, or the newest that they have. */
export async function seenAt<Answer>(
  sources: Parameters<typeof viewedStateAt>[0],
  moment: Moment,
  find: (state: ViewedState) => Promise<Answer>,
): Promise<Seen<Answer> | ViewsBeingBuilt> {
  const state = await viewedStateAt(sources, moment);
  return state.kind === 'being_built' ? state : { kind: 'seen', state, answer: await find(state) };
}

/** The request for the newest rows of a state. */
export function newest(upTo: Position, limit = COUNTED_MAX): PageRequest {
  return { order: 'newest_first', limit, upTo, rowsScannedMax: COUNTED_MAX };
}

/** An answer of the views. Throws an Error when they went away between two questions. */
export function answerOf<Answer>(viewed: Viewed<Answer>): Answer {
  if (viewed.kind === 'being_built') throw new Error('the views are gone');
  return viewed.answer;
}

/** How many incidents there are, and how many nobody has judged. */
export interface IncidentCounts {
  readonly count: number;
  readonly unjudged: number;
  readonly isComplete: boolean;
}

/** Counts incidents. */
export function incidentCounts({ rows, next }: ViewPage<ViewedIncident>): IncidentCounts {
  const unjudged = rows.filter(({ verdict }) => verdict === null).length;
  return { count: rows.length, unjudged, isComplete: next === null };
}
