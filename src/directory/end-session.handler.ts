import { Command, CommandHandler, type ICommandHandler } from '@nestjs/cqrs';
import {
  decideEndSession,
  type SessionRefused,
  sessionsRenewedBy,
} from '../domain/directory/session.decider.js';
import type { SessionEndReason } from '../domain/events/directory.events.js';
import { DEFAULT_PROJECT, type ProjectId, streamIdOf } from '../domain/identifiers.js';
import { type Attribution, Ledger } from '../ledger/ledger.port.js';

/** What ending a session came to. */
export type EndSessionOutcome = { readonly kind: 'ended' | 'already_ended' } | SessionRefused;

/**
 * End a session and those that it renewed. Its families are another matter: those without
 * `offline_access` end with it.
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

/** Ends a session once, and the sessions that it renewed before it. */
@CommandHandler(EndSession)
export class EndSessionHandler implements ICommandHandler<EndSession> {
  constructor(private readonly ledger: Ledger) {}

  /**
   * Ends the session; refusals are values. It ends last: whoever is interrupted is still signed in, and
   * can sign out again.
   */
  async execute(command: EndSession): Promise<EndSessionOutcome> {
    const { sessionId, reason, attribution, project } = command;
    const renewed = await this.ledger.read((reader) => {
      const session = reader.find('session', sessionId);
      return session && sessionsRenewedBy(session, (id) => reader.find('session', id));
    });
    for (const one of renewed ?? []) {
      await endOneSession(this.ledger, one, { reason, attribution, project });
    }
    return endOneSession(this.ledger, sessionId, { reason, attribution, project });
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
