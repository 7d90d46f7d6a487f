import { expect } from '@jest/globals';
import { canonicalJson } from '../../../src/domain/canonical-json.js';
import type { Decision } from '../../../src/domain/decision.js';
import type { Folded } from '../../../src/domain/directory/directory.evolve.js';
import { type EventOf, eventCatalogue } from '../../../src/domain/events/event-catalogue.js';
import type { ClientMetadata } from '../../../src/domain/events/directory.events.js';
import type { Instant, StreamKind } from '../../../src/domain/identifiers.js';
import { evolve, type StateOf } from '../../../src/domain/streams.js';

/** When the first event of a history was recorded; each further one a minute later. */
export const FIRST_AT: Instant = Date.UTC(2026, 10, 2, 9);
export const MINUTE = 60_000;

/** A stream with a history: what is decided on it, and what it becomes. */
export interface Given<Kind extends StreamKind> {
  readonly state: StateOf<Kind> | undefined;
  /** The store's clock at the decision. */
  readonly recordedAt: Instant;
  when<Outcome>(
    decide: (state: StateOf<Kind> | undefined, recordedAt: Instant) => Decision<Kind, Outcome>,
  ): { then(expected: { events?: readonly EventOf<Kind>[]; outcome: Outcome }): Given<Kind> };
}

/** The stream of this kind and id that these events make, oldest first. */
export function given<Kind extends StreamKind>(
  kind: Kind,
  id: string,
  ...history: readonly EventOf<Kind>[]
): Given<Kind> {
  const recordedAt = FIRST_AT + history.length * MINUTE;
  const state = fold(kind, id, history);
  return {
    state,
    recordedAt,
    when(decide) {
      const decision = decide(state, recordedAt);
      return {
        // oxlint-disable-next-line unicorn/no-thenable -- given, when, then
        then({ events = [], outcome }) {
          expect(decision.events.map((event) => written(kind, event))).toStrictEqual(events);
          expect(decision.outcome).toEqual(outcome);
          return given(kind, id, ...history, ...events);
        },
      };
    },
  };
}

function fold<Kind extends StreamKind>(
  kind: Kind,
  id: string,
  history: readonly EventOf<Kind>[],
): StateOf<Kind> | undefined {
  let state: StateOf<Kind> | undefined;
  for (const [index, event] of history.entries()) {
    const folded = { ...event, recordedAt: FIRST_AT + index * MINUTE, id };
    state = evolve(kind, state, folded as unknown as Folded<Kind>);
  }
  return state;
}

/** An event as the ledger holds it: through canonical JSON, and as its schema says. */
function written<Kind extends StreamKind>(kind: Kind, event: EventOf<Kind>): EventOf<Kind> {
  const data: unknown = JSON.parse(canonicalJson(event.data));
  const schemas = eventCatalogue[kind] as Record<string, { parse(data: unknown): unknown }>;
  expect(schemas[event.type]?.parse(data)).toStrictEqual(data);
  return { type: event.type, data } as EventOf<Kind>;
}

/** What a web application with a secret registered. */
export const webMetadata: ClientMetadata = {
  name: 'Photos',
  applicationType: 'web',
  redirectUris: ['https://photos.example.com/callback'],
  grantTypes: ['authorization_code', 'refresh_token'],
  authMethod: 'client_secret_basic',
  scope: null,
  policy: {},
};

/** What an application without a secret registered. */
export const publicMetadata: ClientMetadata = { ...webMetadata, authMethod: 'none' };
