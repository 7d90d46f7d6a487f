import { Command, CommandHandler, type ICommandHandler } from '@nestjs/cqrs';
import {
  decideEndSession,
  type SessionRefused,
  sessionsEndingWith,
} from '../domain/directory/session.decider.js';
import type { SessionEndReason } from '../domain/events/directory.events.js';
import { DEFAULT_PROJECT, type ProjectId, streamIdOf } from '../domain/identifiers.js';
import { type Attribution, Ledger } from '../ledger/ledger.port.js';

/** What ending a session came to. */
export type EndSessionOutcome = { readonly kind: 'ended' | 'already_ended' } | SessionRefused;

/**
 * End a session, and with its root every session that goes on from that. Its families are another
 * matter: those without `offline_access` end with it.
 */
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

/** Ends a session and its root, each once. */
@CommandHandler(EndSession)
export class EndSessionHandler implements ICommandHandler<EndSession> {
  constructor(private readonly ledger: Ledger) {}

  /** Ends the session; refusals are values. The root comes first: with that, everything is over. */
  async execute(command: EndSession): Promise<EndSessionOutcome> {
    const { sessionId, reason, attribution, project } = command;
    const session = await this.ledger.load('session', sessionId);
    const sessionIds = session === undefined ? [] : sessionsEndingWith(session);
    let outcome: EndSessionOutcome = { kind: 'refused', reason: 'unknown_session' };
    for (const one of sessionIds) {
      outcome = await endOneSession(this.ledger, one, { reason, attribution, project });
    }
    return outcome;
  }
}

/** Ends one session and no other; refusals are values. */
export function endOneSession(
  ledger: Ledger,
  sessionId: string,
  end: Pick<EndSession, 'reason' | 'attribution' | 'project'>,
): Promise<EndSessionOutcome> {
  return ledger.execute<'session', EndSessionOutcome>({
    kind: 'session',
    streamId: streamIdOf('session', sessionId),
    project: end.project,
    attribution: end.attribution,
    decide: ({ state }) => decideEndSession(state, end.reason),
  });
}
