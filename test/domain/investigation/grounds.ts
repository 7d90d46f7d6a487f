import type { RecordedEvent } from '../../../src/domain/envelope.js';
import type { StreamKind } from '../../../src/domain/identifiers.js';
import {
  type AskedOfFamily,
  familyAfter,
  familyBefore,
} from '../../../src/domain/investigation/family-course.rules.js';
import {
  type Course,
  courseAfter,
  courseBefore,
  type Watches,
} from '../../../src/domain/investigation/stream-course.rules.js';
import {
  type AccountGround,
  accountWatches,
  type ClientGround,
  clientWatches,
  type FamilyGround,
  PROJECT_WATCHES,
  SESSION_WATCHES,
  type SigningKeyGround,
  signingKeyWatches,
} from '../../../src/domain/investigation/validity-ending.rules.js';
import {
  CLIENT_TOKEN_WATCHES,
  type ClientTokenGround,
} from '../../../src/domain/investigation/validity.rules.js';
import { signedInAt } from '../../../src/domain/token-family/family.decision.js';

/** The events that each part of a ground is followed through, oldest first. */
export type EventsOf<Ground> = Readonly<Record<keyof Ground, readonly RecordedEvent[]>>;

/** All that a family depends on, and the token of it that is asked about. */
export function familyGround(
  events: EventsOf<FamilyGround>,
  asked: AskedOfFamily = {},
): FamilyGround {
  const family = events.family.reduce(
    (course, event) => familyAfter(asked, course, event),
    familyBefore(asked),
  );
  const { state } = family;
  return {
    family,
    session: followed('session', SESSION_WATCHES, events.session),
    rootSession: followed('session', SESSION_WATCHES, events.rootSession),
    ...signingKeyGround(events, family.minted?.issuedAt),
    ...clientGround(events, state?.grantedAt),
    ...accountGround(events, state && signedInAt(state)),
  };
}

/** All that a client depends on, and what was given to it at an instant. */
export function clientGround(events: EventsOf<ClientGround>, givenAt?: number): ClientGround {
  return {
    client: followed('client', clientWatches(givenAt), events.client),
    project: followed('project', PROJECT_WATCHES, events.project),
  };
}

/** All that an account depends on, and what began with a sign-in of it at an instant. */
export function accountGround(events: EventsOf<AccountGround>, signedIn?: number): AccountGround {
  return {
    account: followed('account', accountWatches(signedIn), events.account),
    project: followed('project', PROJECT_WATCHES, events.project),
  };
}

/** All that a client's own token depends on. */
export function clientTokenGround(events: EventsOf<ClientTokenGround>): ClientTokenGround {
  const clientToken = followed('client_token', CLIENT_TOKEN_WATCHES, events.clientToken);
  const issuedAt = clientToken.state?.issuedAt;
  return {
    clientToken,
    ...clientGround(events, issuedAt),
    ...signingKeyGround(events, issuedAt),
  };
}

function signingKeyGround(
  { signingKey }: EventsOf<SigningKeyGround>,
  signedAt?: number,
): SigningKeyGround {
  return { signingKey: followed('signing_key', signingKeyWatches(signedAt), signingKey) };
}

function followed<Kind extends StreamKind, Name extends string>(
  kind: Kind,
  watches: Watches<Kind, Name>,
  events: readonly RecordedEvent[],
): Course<Kind, Name> {
  return events.reduce(
    (course, event) => courseAfter(kind, watches, course, event),
    courseBefore<Kind, Name>(watches),
  );
}
