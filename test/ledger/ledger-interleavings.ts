import { setImmediate as nextTurn } from 'node:timers/promises';
import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import type { Folded } from '../../src/domain/directory/directory.evolve.js';
import { type StreamKind, streamIdOf } from '../../src/domain/identifiers.js';
import { evolve, type StateOf } from '../../src/domain/streams.js';
import type { Ledger } from '../../src/ledger/ledger.port.js';
import {
  accountCreated,
  consented,
  decideOn,
  incidentOpened,
  recorded,
} from '../support/ledger-executions.js';
import type { LedgerStore, OpenLedgerStore } from '../support/ledger-store.js';

/** One decision of an interleaving: where, what, and whether the next one waits for a turn. */
interface Step {
  readonly stream: number;
  readonly events: number;
  readonly does: 'append' | 'throw' | 'claim' | 'accompany';
  readonly name: number;
  readonly isSecondWriter: boolean;
  readonly pause: boolean;
}

const STREAMS = 5;
const DECISIONS = 200;
/** A consent holds at most 64 scopes. */
const SCOPES_KEPT = 60;

const steps: fc.Arbitrary<Step[]> = fc.array(
  fc.record({
    stream: fc.nat(STREAMS - 1),
    events: fc.nat(3),
    does: fc.oneof(
      { weight: 7, arbitrary: fc.constant('append' as const) },
      { weight: 1, arbitrary: fc.constantFrom('throw', 'claim', 'accompany') },
    ),
    name: fc.nat(30),
    isSecondWriter: fc.boolean(),
    pause: fc.boolean(),
  }),
  { minLength: DECISIONS, maxLength: DECISIONS },
);

/** What every store promises of decisions that come in any order. */
export function describeLedgerInterleavings(name: string, openStore: OpenLedgerStore): void {
  const forAll = (property: (store: LedgerStore, all: readonly Step[]) => Promise<void>) =>
    fc.assert(
      fc.asyncProperty(steps, async (all) => {
        const store = await openStore();
        try {
          await property(store, all);
          await expectFolded(store.ledger);
          await store.expectIntact();
        } finally {
          await store.remove();
        }
      }),
      { numRuns: 10, endOnFailure: true },
    );

  describe(`any interleaving of ${DECISIONS} decisions on ${name}`, () => {
    it('comes to what the same decisions come to one by one', async () => {
      await forAll(async ({ ledger }, all) => {
        const model = new Model();
        const expected = all.map((step) => model.take(step));
        expect(await takeAll(all, (step, index) => consent(ledger, step, index))).toEqual(expected);
        for (const [stream, scope] of model.scopes.entries()) {
          expect((await ledger.load('consent', `stream-${stream}`))?.scope).toEqual(scope);
        }
      });
    }, 60_000);

    it('lets each decision see all that was decided before it, with two writers too', async () => {
      await forAll(async ({ ledger, openAnother }, all) => {
        const another = await openAnother();
        const counts = await takeAll(all, (step) =>
          administer(step.isSecondWriter ? another : ledger, step),
        );
        for (let stream = 0; stream < STREAMS; stream += 1) {
          const taken = all.flatMap(({ stream: taken, events: adds }, index) =>
            taken === stream ? [{ saw: Number(counts[index]), adds }] : [],
          );
          const inOrder = taken.toSorted((a, b) => a.saw - b.saw || a.adds - b.adds);
          let sum = 0;
          for (const { saw, adds } of inOrder) {
            expect(saw).toBe(sum);
            sum += adds;
          }
        }
      });
    }, 60_000);
  });
}

/** Takes every step without waiting for the one before, and answers as `failed` where it rejects. */
async function takeAll(
  all: readonly Step[],
  take: (step: Step, index: number) => Promise<number>,
): Promise<readonly string[]> {
  const answers: Promise<string>[] = [];
  for (const [index, step] of all.entries()) {
    answers.push(take(step, index).then(String, () => 'failed'));
    if (step.pause) await nextTurn();
  }
  return Promise.all(answers);
}

/** Appends consents that hold all scopes before them; answers with the number of those. */
function consent(ledger: Ledger, { stream, events, does, name }: Step, index: number) {
  return decideOn(ledger, 'consent', `stream-${stream}`, ({ state }) => {
    if (does === 'throw') throw new Error('as planned');
    const before = state?.scope ?? [];
    const scopes = added(index, events).map((_, nth, all) => before.concat(all.slice(0, nth + 1)));
    const streamId = streamIdOf('incident', String(name));
    const incident = { kind: 'incident', streamId, events: [incidentOpened()] } as const;
    const account = {
      kind: 'account',
      streamId: streamIdOf('account', String(index)),
      events: [accountCreated(String(name))],
    } as const;
    const companions = does === 'claim' ? [account] : does === 'accompany' ? [incident] : [];
    return {
      events: scopes.map((scope) => consented(scope.slice(-SCOPES_KEPT))),
      outcome: before.length,
      companions,
    };
  });
}

/** Appends administrative calls; answers with the number of those before them. */
function administer(ledger: Ledger, { stream, events }: Step): Promise<number> {
  return decideOn(ledger, 'administration', `stream-${stream}`, ({ state }) => ({
    events: Array.from({ length: events }, () => recorded('test')),
    outcome: state?.count ?? 0,
  }));
}

function added(index: number, events: number): string[] {
  return Array.from({ length: events }, (_, nth) => `${index}.${nth}`);
}

/** The same decisions, one by one in memory. */
class Model {
  readonly scopes: (readonly string[] | undefined)[] = Array.from(
    { length: STREAMS },
    () => undefined,
  );
  private readonly taken = new Set<string>();
  private index = -1;

  take({ stream, events, does, name }: Step): string {
    this.index += 1;
    const isTaken = this.taken.has(`${does}:${name}`);
    if (does === 'throw' || (does !== 'append' && isTaken)) return 'failed';
    this.taken.add(`${does}:${name}`);
    const before = this.scopes[stream] ?? [];
    if (events > 0) {
      this.scopes[stream] = [...before, ...added(this.index, events)].slice(-SCOPES_KEPT);
    }
    return String(before.length);
  }
}

/** Every state is the fold of its events in the order of the ledger. */
async function expectFolded(ledger: Ledger): Promise<void> {
  const states = new Map<string, StateOf<StreamKind>>();
  const { events } = await ledger.eventsAfter(null, 1000);
  for (const event of events) {
    const [kind, id] = event.streamId.split(':') as [StreamKind, string];
    const folded = { ...event, id } as unknown as Folded<StreamKind>;
    states.set(event.streamId, evolve(kind, states.get(event.streamId), folded));
  }
  for (const [streamId, state] of states) {
    const [kind, id] = streamId.split(':') as [StreamKind, string];
    expect(await ledger.load(kind, id)).toEqual(JSON.parse(JSON.stringify(state)));
  }
}
