import type { Position, StreamId } from '../domain/identifiers.js';
import type { ProjectedEvent } from './view-changes.js';
import { ViewsUnreadable } from './views.errors.js';
import type { ViewedEvent } from './views.port.js';

/** Whose an event is: the same for every event of a stream, and said by its first. */
export type Owners = Pick<ViewedEvent, 'familyId' | 'subject' | 'clientId'>;

/** The owners of so many of the newest events are kept in memory; 2 MB. */
const EVENTS_KEPT = 2 ** 17;

const nobody: Owners = { familyId: null, subject: null, clientId: null };

/**
 * Says whose events are. The owners of a later event are those of its stream's previous one, which
 * are kept or stand in the views under its position; so an answer does not depend on what is kept.
 */
export class EventOwners {
  private readonly positions = new Float64Array(EVENTS_KEPT).fill(-1);
  private readonly owners = Array.from<Owners | undefined>({ length: EVENTS_KEPT });

  constructor(private readonly ownersAt: (position: Position) => Owners | undefined) {}

  /** The owners of an event. Throws ViewsUnreadable when the views lack the event before it. */
  of(event: ProjectedEvent): Owners {
    const { position, previousPosition } = event;
    const owners =
      previousPosition === null ? ownersOfFirst(event) : this.ownersBefore(previousPosition);
    const slot = position % EVENTS_KEPT;
    this.positions[slot] = position;
    this.owners[slot] = owners;
    return owners;
  }

  private ownersBefore(position: Position): Owners {
    const slot = position % EVENTS_KEPT;
    const isKept = this.positions[slot] === position;
    const owners = isKept ? this.owners[slot] : this.ownersAt(position);
    if (owners !== undefined) return owners;
    throw new ViewsUnreadable(`the views lack position ${position}`);
  }
}

function ownersOfFirst(event: ProjectedEvent): Owners {
  switch (event.type) {
    case 'GrantIssued': {
      const { subject = null, clientId = null } = event.data;
      return { familyId: idOf(event.streamId), subject, clientId };
    }
    case 'IncidentOpened': {
      const { familyId, subject = null, clientId = null } = event.data;
      return { familyId, subject, clientId };
    }
    case 'ClientTokenIssued':
      return { ...nobody, clientId: event.data.clientId ?? null };
    case 'SessionStarted':
      return { ...nobody, subject: event.data.subject };
    case 'ConsentGiven':
      return { ...nobody, subject: event.data.subject, clientId: event.data.clientId };
    case 'AccountCreated':
      return { ...nobody, subject: idOf(event.streamId) };
    case 'ClientRegistered':
      return { ...nobody, clientId: idOf(event.streamId) };
    default:
      return nobody;
  }
}

/** The part of a stream's id after its kind. */
export function idOf(streamId: StreamId): string {
  return streamId.slice(streamId.indexOf(':') + 1);
}
