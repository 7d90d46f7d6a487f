import { type IQueryHandler, QueryHandler } from '@nestjs/cqrs';
import type { AccountState } from '../domain/directory/directory.state.js';
import { isEndedForGood, type RootedSession } from '../domain/directory/session.decider.js';
import type { Instant, Position, StreamId } from '../domain/identifiers.js';
import { endByAccount } from '../domain/revocation/tokens-not-before.rules.js';
import { Ledger } from '../ledger/ledger.port.js';
import { type ViewsBeingBuilt, ViewsReader } from '../views/views.port.js';
import { momentOf } from './as-of.answer.js';
import { auditEventsOf } from './audit-event.answer.js';
import { clientsOf } from './client-names.reader.js';
import { familyCountsOf } from './family-counts.reader.js';
import { FindSubject } from './overview.query.js';
import { streamRowAt } from './stream-history.reader.js';
import type { SubjectAnswer } from './subject.answer.js';
import {
  answerOf,
  incidentCounts,
  newest,
  type Seen,
  seenAt,
  type ViewedState,
} from './viewed-state.reader.js';

/** So many sessions, consents and events are told: the newest. A consent is given again and again. */
const TOLD = 20;

/** Answers what is known about an account. */
@QueryHandler(FindSubject)
export class FindSubjectHandler implements IQueryHandler<FindSubject> {
  constructor(
    private readonly ledger: Ledger,
    private readonly views: ViewsReader,
  ) {}

  execute({
    subject,
    moment,
  }: FindSubject): Promise<Seen<SubjectAnswer | undefined> | ViewsBeingBuilt> {
    const { ledger, views } = this;
    return seenAt({ ledger, views }, moment, (state) => this.find(subject, state));
  }

  private async find(subject: string, state: ViewedState): Promise<SubjectAnswer | undefined> {
    const { ledger, views } = this;
    const { asOf, upTo } = state;
    const account = await streamRowAt(ledger, 'account', subject, upTo);
    const activity = answerOf(await views.events({ subject }, newest(upTo, TOLD)));
    if (account === undefined && activity.rows.length === 0) return undefined;
    const events = await ledger.eventsAt(activity.rows.map(({ position }) => position));
    const families = answerOf(await views.families({ subject }, newest(upTo)));
    const incidents = answerOf(await views.incidents({ subject }, newest(upTo)));
    return {
      asOf,
      subject,
      account: account === undefined ? null : accountAnswer(account.state),
      families: await familyCountsOf(ledger, families, state),
      incidents: incidentCounts(incidents),
      sessions: await this.sessionsOf(subject, account?.state, state),
      consents: await this.consentsOf(subject, state),
      activity: await auditEventsOf(ledger, events),
    };
  }

  private async sessionsOf(
    subject: string,
    account: AccountState | undefined,
    { upTo, instant }: ViewedState,
  ): Promise<SubjectAnswer['sessions']> {
    const sessions: SubjectAnswer['sessions'] = [];
    for (const id of await this.begunBy(subject, 'SessionStarted', upTo)) {
      const rooted = await this.sessionAt(id, upTo);
      if (rooted !== undefined) sessions.push(sessionAnswer(id, rooted, account, instant));
    }
    return sessions;
  }

  /** A session as it was at a position, with its root; one that goes on from none is that itself. */
  private async sessionAt(id: string, upTo: Position): Promise<RootedSession | undefined> {
    const session = (await streamRowAt(this.ledger, 'session', id, upTo))?.state;
    const rootId = session?.rootSessionId;
    if (session === undefined || rootId === undefined) return session && { session, root: session };
    const root = await streamRowAt(this.ledger, 'session', rootId, upTo);
    return { session, root: root?.state ?? session };
  }

  private async consentsOf(
    subject: string,
    { upTo }: ViewedState,
  ): Promise<SubjectAnswer['consents']> {
    const given = [];
    for (const id of await this.begunBy(subject, 'ConsentGiven', upTo)) {
      const row = await streamRowAt(this.ledger, 'consent', id, upTo);
      if (row !== undefined) given.push(row.state);
    }
    const clients = await clientsOf(
      this.ledger,
      given.map(({ clientId }) => clientId),
    );
    return given.map(({ clientId, scope, resources, withdrawn }) => ({
      client: clients.get(clientId) ?? { id: clientId, name: null },
      scope: [...scope],
      resources: [...resources],
      withdrawn,
    }));
  }

  /** The ids of the newest streams that an event of this type stands in. */
  private async begunBy(
    subject: string,
    type: 'SessionStarted' | 'ConsentGiven',
    upTo: number,
  ): Promise<readonly string[]> {
    const { rows } = answerOf(await this.views.events({ subject, type }, newest(upTo)));
    return [...new Set(rows.map(({ streamId }) => idIn(streamId)))].slice(0, TOLD);
  }
}

function accountAnswer(state: AccountState): SubjectAnswer['account'] {
  const { status, roles, createdAt, tokensNotBefore } = state;
  return {
    status,
    roles: [...roles],
    createdAt: momentOf(createdAt),
    tokensNotBefore: momentOf(tokensNotBefore),
  };
}

function sessionAnswer(
  id: string,
  { session, root }: RootedSession,
  account: AccountState | undefined,
  instant: Instant,
): SubjectAnswer['sessions'][number] {
  const { authTime, expiresAt } = session;
  const ended = session.ended ?? (isEndedForGood(root) ? root.ended : undefined);
  const standing = expiresAt <= instant ? 'expired' : 'active';
  const status = ended === undefined ? standing : 'ended';
  return {
    id,
    status,
    endReason: ended ?? null,
    blockedBy: status === 'active' ? (endByAccount(authTime, account) ?? null) : null,
    authTime: momentOf(authTime),
    expiresAt: momentOf(expiresAt),
  };
}

function idIn(streamId: StreamId): string {
  return streamId.slice(streamId.indexOf(':') + 1);
}
