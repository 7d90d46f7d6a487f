import { eventAt } from '../access/moment.js';
import { type IQueryHandler, QueryHandler } from '@nestjs/cqrs';
import type { RecordedEvent } from '../domain/envelope.js';
import type { FamilyPolicy } from '../domain/events/token-family.events.js';
import type { FamilyState } from '../domain/token-family/family.state.js';
import { Ledger, type StreamRow } from '../ledger/ledger.port.js';
import { asOfStreams, momentOf, newestEvent, asOfMoment } from './as-of.answer.js';
import { type AuditFamily, type FamilyAnswer, familyStanding } from './family.answer.js';
import { blockedBy, ownersAt, ownersOf } from './family-owners.reader.js';
import { FindFamily } from './find-family.query.js';
import { firstEventOf } from './first-event.reader.js';
import { streamRowAt } from './stream-history.reader.js';
import { ViewsReader } from '../views/views.port.js';

/** Answers what is known about a family. */
@QueryHandler(FindFamily)
export class FindFamilyHandler implements IQueryHandler<FindFamily> {
  constructor(
    private readonly ledger: Ledger,
    private readonly views: ViewsReader,
  ) {}

  async execute({ familyId, moment }: FindFamily): Promise<FamilyAnswer | undefined> {
    const newest = await newestEvent(this.ledger);
    const row =
      moment === undefined
        ? await this.ledger.streamRow('family', familyId)
        : await streamRowAt(this.ledger, 'family', familyId, moment.position);
    if (row === undefined) return undefined;
    const owners =
      moment === undefined
        ? await ownersOf(this.ledger, row.state)
        : await ownersAt(this.ledger, row.state, moment.position);
    return {
      asOf:
        moment === undefined ? await asOfStreams(this.ledger, newest, [row]) : asOfMoment(moment),
      family: {
        id: familyId,
        ...familyStanding(row.state, moment?.instant ?? Date.now()),
        blockedBy: blockedBy(row.state, owners),
        client: { id: row.state.clientId, name: owners.client?.metadata.name ?? null },
        ...factsOf(row.state),
        events: await this.marksOf(familyId, row),
      },
    };
  }

  private async marksOf(
    familyId: string,
    row: StreamRow<'family'>,
  ): Promise<AuditFamily['events']> {
    const { ledger, views } = this;
    const first = await firstEventOf({ ledger, views }, familyId, row.state.grantedAt);
    const last = await eventAt(ledger, row.lastPosition);
    return {
      count: row.version,
      first: first === undefined ? null : markOf(first),
      last: markOf(last),
    };
  }
}

type Facts = Omit<AuditFamily, 'id' | 'status' | 'end' | 'blockedBy' | 'client' | 'events'>;

function factsOf(state: FamilyState): Facts {
  const { idleExpiresAt } = state;
  return {
    subject: state.subject ?? null,
    sessionId: state.sessionId ?? null,
    grantType: state.grantType,
    grantedAt: momentOf(state.grantedAt),
    scope: [...state.scope],
    resources: [...state.resources],
    offline: state.offline,
    lineage: {
      generation: state.generation,
      recentRotations: state.recentRotations.map((rotatedAt, index, { length }) => ({
        generation: (state.generation ?? 0) - length + index + 1,
        at: momentOf(rotatedAt),
      })),
      accessTokens: state.nextSequence,
    },
    idleExpiresAt: idleExpiresAt === undefined ? null : momentOf(idleExpiresAt),
    absoluteExpiresAt: momentOf(state.absoluteExpiresAt),
    policy: policyOf(state.policy),
  };
}

function policyOf(policy: FamilyPolicy): AuditFamily['policy'] {
  const { rotation, retryWindow, retryUntilUsed, idle, onReuse, accessTokenLimit = null } = policy;
  return {
    rotation,
    retryWindowSeconds: retryWindow / 1000,
    retryUntilUsed,
    idleSeconds: idle / 1000,
    onReuse,
    accessTokenLimit,
  };
}

function markOf({ position, type, recordedAt }: RecordedEvent): AuditFamily['events']['last'] {
  return { position, type, at: momentOf(recordedAt) };
}
