import { type IQueryHandler, QueryHandler } from '@nestjs/cqrs';
import { streamPages } from '../access/event-pages.js';
import { kindOf } from '../access/ledger-parameters.js';
import { pastMomentAt, type NoSuchMoment } from '../access/moment.js';
import type { RecordedEvent } from '../domain/envelope.js';
import type { StreamKind } from '../domain/identifiers.js';
import { stateAfter } from '../domain/investigation/state-difference.rules.js';
import type { StateOf } from '../domain/streams.js';
import { Ledger } from '../ledger/ledger.port.js';
import { eventMarkOf } from './event-mark.js';
import { ReplayState } from './replay-state.query.js';
import { replayedMomentOf } from './replayed-moment.answer.js';
import type { ReplayedState } from './state.answer.js';
import { USERNAME_MEMBER } from './untold-members.js';

/** Folds a stream again, up to a moment. Only a page of its events is in memory. */
@QueryHandler(ReplayState)
export class ReplayStateHandler implements IQueryHandler<ReplayState> {
  constructor(private readonly ledger: Ledger) {}

  async execute({ streamId, at }: ReplayState): Promise<ReplayedState | NoSuchMoment | undefined> {
    const moment = await pastMomentAt(this.ledger, at);
    if ('kind' in moment) return moment;
    const kind = kindOf(streamId);
    if ((await this.ledger.streamRow(kind, streamId.slice(kind.length + 1))) === undefined)
      return undefined;
    let state: StateOf<StreamKind> | undefined;
    let last: RecordedEvent | undefined;
    const range = { after: null, upTo: moment.position };
    for await (const page of streamPages(this.ledger, streamId, range)) {
      for (const event of page) state = stateAfter(kind, state, event);
      last = page.at(-1) ?? last;
    }
    return {
      stream: streamId,
      asOf: replayedMomentOf(moment),
      version: last?.streamVersion ?? 0,
      last: last === undefined ? null : eventMarkOf(last),
      state: state === undefined ? null : toldOf(state),
    };
  }
}

function toldOf(state: StateOf<StreamKind>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(state).filter(([name]) => name !== USERNAME_MEMBER));
}
