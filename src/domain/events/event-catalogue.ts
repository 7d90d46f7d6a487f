import type { z } from 'zod';
import type { StreamKind } from '../identifiers.js';
import {
  accountEvents,
  administrationEvents,
  clientEvents,
  consentEvents,
  incidentEvents,
  projectEvents,
  sessionEvents,
  signingKeyEvents,
} from './directory.events.js';
import { logEvents } from './log.events.js';
import { revocationEvents } from './revocation.events.js';
import { clientTokenEvents, tokenFamilyEvents } from './token-family.events.js';

/** Every event of the ledger: the stream kind that holds it, and the schema of its data. */
export const eventCatalogue = {
  family: tokenFamilyEvents,
  client_token: { ...clientTokenEvents, AccessTokenRevoked: tokenFamilyEvents.AccessTokenRevoked },
  client: clientEvents,
  account: accountEvents,
  project: projectEvents,
  signing_key: signingKeyEvents,
  session: sessionEvents,
  consent: consentEvents,
  incident: {
    ...incidentEvents,
    LedgerRollbackSuspected: tokenFamilyEvents.LedgerRollbackSuspected,
  },
  administration: administrationEvents,
  log: logEvents,
  revocation: revocationEvents,
} as const satisfies Record<StreamKind, Record<string, z.ZodObject>>;

type Catalogue = typeof eventCatalogue;

type EventsIn<Kind extends StreamKind> = {
  [Type in keyof Catalogue[Kind] & string]: {
    readonly type: Type;
    readonly data: Catalogue[Kind][Type] extends z.ZodType<infer Data> ? Readonly<Data> : never;
  };
}[keyof Catalogue[Kind] & string];

/** The events that a stream of `Kind` can hold, as a union told apart by `type`. */
export type EventOf<Kind extends StreamKind> = Kind extends StreamKind ? EventsIn<Kind> : never;

/** An event of any stream. */
export type LedgerEvent = EventOf<StreamKind>;

/** The version that new events carry. A type whose data change incompatibly gets one of its own. */
export const EVENT_VERSION = 1;
