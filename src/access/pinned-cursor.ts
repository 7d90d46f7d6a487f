import { hash } from 'node:crypto';
import type { Instant, Position } from '../domain/identifiers.js';
import { plainOf, textOf } from './page-cursor.js';
import { parameterProblem } from './wrong-parameter.js';

/** Where a list goes on, and the state that all its pages show. */
export interface PinnedPlace {
  readonly upTo: Position;
  readonly instant: Instant;
  readonly isAsked: boolean;
  /** The last item of the page before: its position, or the id of a client. */
  readonly after: string;
}

/** What a cursor that leads nowhere is told. */
export const NO_CURSOR = 'is not a cursor of this list';

const OTHER_PARAMETERS =
  'was made with other parameters, or by another list: all but limit must be those of the first page';

const PLACE = /^pinned:(\d{1,15}):(\d{1,15}):([01]):([\w.-]{1,128}):([\w-]{43})$/;

/** An opaque text that leads on in this list: it is good with the same filters only. */
export function pinnedCursor(place: PinnedPlace, list: string): string {
  const { upTo, instant, isAsked, after } = place;
  return textOf(`pinned:${upTo}:${instant}:${Number(isAsked)}:${after}:${digestOf(list)}`);
}

/** The place that such a text means in this list. Throws a Problem for any other. Attacker-controlled. */
export function pinnedPlaceIn(cursor: string, list: string): PinnedPlace {
  const [, upTo, instant, isAsked, after, digest] = PLACE.exec(plainOf(cursor)) ?? [];
  if (after === undefined) throw parameterProblem('cursor', NO_CURSOR);
  if (digest !== digestOf(list)) throw parameterProblem('cursor', OTHER_PARAMETERS);
  return {
    upTo: Number(upTo),
    instant: Number(instant),
    isAsked: isAsked === '1',
    after,
  };
}

/** What all pages of a list have in common: its name, and what it was asked with. */
export function listNameOf(list: string, parameters: object): string {
  const given = Object.entries(parameters).filter(
    ([name, value]) => value !== undefined && name !== 'cursor' && name !== 'limit',
  );
  return JSON.stringify([list, ...given.sort(([one], [other]) => (one < other ? -1 : 1))]);
}

function digestOf(list: string): string {
  return hash('sha256', list, 'base64url');
}
