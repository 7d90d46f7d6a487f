import { expect } from '@jest/globals';
import { canonicalJson } from '../../src/domain/canonical-json.js';
import type { Decision } from '../../src/domain/decision.js';
import { eventCatalogue } from '../../src/domain/events/event-catalogue.js';
import { streamIdOf } from '../../src/domain/identifiers.js';
import type { FamilyContext, IncidentKind } from '../../src/domain/token-family/family.decision.js';
import {
  evolveFamily,
  type RecordedFamilyEvent,
} from '../../src/domain/token-family/family.evolve.js';
import type { FamilyState } from '../../src/domain/token-family/family.state.js';
import type { FamilyCommand } from './domain-family-commands.js';
import type { FamilyData, FamilyEventType } from './domain-family-events.js';
import { contextOf, FAMILY_ID, GRANTED_AT, MINUTE } from './domain-world.js';

/** An event that should be appended: its type, and those of its data that the test is about. */
export interface ExpectedEvent {
  readonly type: FamilyEventType;
  readonly data: Readonly<Record<string, unknown>>;
}

/** Names an expected event and what of its data matters. */
export function event<Type extends FamilyEventType>(
  type: Type,
  data: Partial<FamilyData<Type>> = {},
): ExpectedEvent {
  return { type, data };
}

/** What a decision should come to. What is not named must not happen. */
export interface Expected<Outcome> {
  readonly events?: readonly ExpectedEvent[];
  /** The incident that is opened beside the family. */
  readonly incident?: IncidentKind;
  /** All of a word, or those members of an outcome that the test is about. */
  readonly outcome: Members<Outcome>;
}

type Members<Outcome> = Outcome extends object
  ? { readonly [Name in keyof Outcome]?: Outcome[Name] | undefined }
  : Outcome;

/** A family with a history. */
export interface Given {
  readonly history: readonly RecordedFamilyEvent[];
  readonly state: FamilyState | undefined;
  /**
   * Asks something of the family. Unless said otherwise the request arrives a minute after the last
   * event and is decided at once; the store's clock never runs backwards.
   */
  when<Outcome>(
    command: FamilyCommand<Outcome>,
    circumstances?: Partial<FamilyContext>,
  ): When<Outcome>;
}

/** What was decided. */
export interface When<Outcome> {
  readonly decision: Decision<'family', Outcome>;
  /** Compares the decision; returns the family with its history continued. */
  then(expected: Expected<Outcome>): Given;
}

/** The family that these events make, oldest first; none for a family that does not exist yet. */
export function given(...history: readonly RecordedFamilyEvent[]): Given {
  const state = fold(history);
  const lastRecordedAt = history.at(-1)?.recordedAt ?? GRANTED_AT - MINUTE;
  return {
    history,
    state,
    when(command, circumstances = {}) {
      const receivedAt = circumstances.receivedAt ?? lastRecordedAt + MINUTE;
      const recordedAt = Math.max(receivedAt, lastRecordedAt);
      const context = contextOf(command.caller, { receivedAt, recordedAt }, circumstances);
      const decision = command.decide(state, context);
      return {
        decision,
        // oxlint-disable-next-line unicorn/no-thenable -- the third word of the specification; nobody awaits it
        then(expected) {
          compare(decision, expected, context);
          const events = recorded(decision, context.recordedAt);
          for (const one of events) expectCatalogued(one);
          return given(...history, ...events);
        },
      };
    },
  };
}

/** The state that these events fold to, as a store would have it: written and read back. */
export function fold(history: readonly RecordedFamilyEvent[]): FamilyState | undefined {
  let state: FamilyState | undefined;
  for (const one of history) {
    state = JSON.parse(JSON.stringify(evolveFamily(state, one))) as FamilyState;
  }
  return state;
}

/** A request that arrives at this instant, under circumstances that are as usual but for these. */
export function at(
  receivedAt: number,
  circumstances: Partial<FamilyContext> = {},
): Partial<FamilyContext> {
  return { receivedAt, ...circumstances };
}

/** Events of a decision as the ledger gives them back: through canonical JSON. */
export function recorded(
  decision: Decision<'family', unknown>,
  recordedAt: number,
): RecordedFamilyEvent[] {
  return decision.events.map(({ type, data }) => {
    const body: unknown = JSON.parse(canonicalJson(data));
    return { type, data: body, recordedAt } as RecordedFamilyEvent;
  });
}

/** Checks that the data of an event are what the catalogue says, and nothing beyond it. */
export function expectCatalogued({ type, data }: RecordedFamilyEvent): void {
  expect(eventCatalogue.family[type].parse(data)).toStrictEqual(data);
}

function compare<Outcome>(
  decision: Decision<'family', Outcome>,
  expected: Expected<Outcome>,
  context: FamilyContext,
): void {
  const events = expected.events ?? [];
  expect(
    decision.events.map(({ type, data }, index) => ({
      type,
      data: only(data, events[index]?.data ?? {}),
    })),
  ).toEqual(events);
  expect(decision.companions ?? []).toEqual(
    expected.incident === undefined ? [] : [incidentOpened(expected.incident, context)],
  );
  const { outcome } = decision;
  expect(
    typeof outcome === 'object' ? only(outcome as object, expected.outcome as object) : outcome,
  ).toEqual(expected.outcome);
}

function incidentOpened(kind: IncidentKind, context: FamilyContext): unknown {
  const data = expect.objectContaining({ kind, familyId: FAMILY_ID });
  return {
    kind: 'incident',
    streamId: streamIdOf('incident', context.incidentId),
    events: [{ type: 'IncidentOpened', data }],
  };
}

function only(actual: object, expected: object): Record<string, unknown> {
  const members = new Map<string, unknown>(Object.entries(actual));
  return Object.fromEntries(Object.keys(expected).map((key) => [key, members.get(key)]));
}
