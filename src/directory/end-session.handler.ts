import { Command, CommandHandler, type ICommandHandler } from '@nestjs/cqrs';
import {
  decideEndSession,
  type SessionEndReason,
  type SessionRefused,
} from '../domain/directory/session.decider.js';
import { DEFAULT_PROJECT, type ProjectId, streamIdOf } from '../domain/identifiers.js';
import { type Attribution, Ledger } from '../ledger/ledger.port.js';

/** What ending a session came to. */
export type EndSessionOutcome = { readonly kind: 'ended' | 'already_ended' } | SessionRefused;

/** End a session. Its families are another matter: those without `offline_access` end with it. */
export class EndSession extends Command<EndSessionOutcome> {
  constructor(
    readonly sessionId: string,
    readonly reason: SessionEndReason,
    readonly attribution: Attribution,
    readonly project: ProjectId = DEFAULT_PROJECT,
  ) {
    super();
  }
}

/** Ends a session once. */
@CommandHandler(EndSession)
export class EndSessionHandler implements ICommandHandler<EndSession> {
  constructor(private readonly ledger: Ledger) {}

  /** Ends the session; refusals are values. */
  async execute(command: EndSession): Promise<EndSessionOutcome> {
    return this.ledger.execute<'session', EndSessionOutcome>({
      kind: 'session',
      streamId: streamIdOf('session', command.sessionId),
      project: command.project,
      attribution: command.attribution,
      decide: ({ state }) => decideEndSession(state, command.reason),
    });
  }
}
