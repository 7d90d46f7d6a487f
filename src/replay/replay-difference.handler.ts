import { type IQueryHandler, QueryHandler } from '@nestjs/cqrs';
import { streamPages } from '../access/event-pages.js';
import { kindOf } from '../access/ledger-parameters.js';
import { pastMomentAt } from '../access/moment.js';
import {
  type Change,
  DifferenceCourse,
  type StateDifference,
  type Step,
} from '../domain/investigation/state-difference.rules.js';
import { Ledger } from '../ledger/ledger.port.js';
import type { NoRange } from './backtest-range.reader.js';
import type { ReplayedDifference } from './difference.answer.js';
import { ReplayDifference } from './replay-difference.query.js';
import { replayedMomentOf, timeTextOf } from './replayed-moment.answer.js';
import { USERNAME_MEMBER } from './untold-members.js';

/** Folds a stream again up to two moments, and tells what came between. Only a page of its events is in memory. */
@QueryHandler(ReplayDifference)
export class ReplayDifferenceHandler implements IQueryHandler<ReplayDifference> {
  constructor(private readonly ledger: Ledger) {}

  async execute(query: ReplayDifference): Promise<ReplayedDifference | NoRange | undefined> {
    const { streamId } = query;
    const from = await pastMomentAt(this.ledger, query.from);
    if ('kind' in from) return { ...from, parameter: 'from' };
    const to = await pastMomentAt(this.ledger, query.to);
    if ('kind' in to) return { ...to, parameter: 'to' };
    if (from.position > to.position) return { kind: 'backwards' };
    const kind = kindOf(streamId);
    const row = await this.ledger.streamRow(kind, streamId.slice(kind.length + 1));
    if (row === undefined) return undefined;
    const course = new DifferenceCourse(kind);
    const range = { after: null, upTo: to.position };
    for await (const page of streamPages(this.ledger, streamId, range)) {
      for (const event of page) {
        if (event.position <= from.position) course.before(event);
        else course.after(event);
      }
    }
    return {
      stream: streamId,
      from: replayedMomentOf(from),
      to: replayedMomentOf(to),
      ...answerOf(course.result()),
    };
  }
}

function answerOf({
  net,
  steps,
  stepsOmitted,
}: StateDifference): Pick<ReplayedDifference, 'net' | 'steps' | 'stepsOmitted'> {
  return {
    net: net.flatMap((change) => {
      if (!isTold(change)) return [];
      const cause = stepsOmitted > 0 ? undefined : causeOf(change, steps);
      return [{ ...change, causedBy: cause === undefined ? null : markOf(cause) }];
    }),
    steps: steps.map((step) => ({ ...markOf(step), changes: step.changes.filter(isTold) })),
    stepsOmitted,
  };
}

function isTold({ path }: Change): boolean {
  return path !== `/${USERNAME_MEMBER}`;
}

function markOf({ position, type, at }: Step): { position: number; type: string; at: string } {
  return { position, type, at: timeTextOf(at) };
}

/** The last step that touched a member: it, what it is in, or something in it. */
function causeOf({ path }: Change, steps: readonly Step[]): Step | undefined {
  return steps.findLast(({ changes }) =>
    changes.some(
      (one) =>
        one.path === path || one.path.startsWith(`${path}/`) || path.startsWith(`${one.path}/`),
    ),
  );
}
