import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import {
  DEFAULT_PROJECT,
  type ProjectId,
  type StreamId,
  streamIdOf,
} from '../../src/domain/identifiers.js';
import { LedgerBusy, LedgerUnavailable } from '../../src/ledger/ledger.errors.js';
import type { Ledger } from '../../src/ledger/ledger.port.js';
import {
  accountCreated,
  append,
  ATTRIBUTION,
  clientRegistered,
  clientTokenIssued,
  consented,
  count,
  decideOn,
  incidentOpened,
  metadataNamed,
  ORIGIN,
  recorded,
} from '../support/ledger-executions.js';
import { beginFamily, refreshFamily } from '../support/ledger-families.js';
import {
  LEDGER_TESTED_AT,
  type LedgerStore,
  type OpenLedgerStore,
} from '../support/ledger-store.js';

const FAMILY = '019a43c1e4007abc8def0123456789ab';

/** Whatever was decided, in the order in which the ledger has it. */
export async function allEvents(ledger: Ledger) {
  return (await ledger.eventsAfter(null, 1000)).events;
}

/** What every store of the ledger promises. Each test ends with a verification of the whole ledger. */
export function describeLedgerContract(name: string, openStore: OpenLedgerStore): void {
  describe(`the ledger on ${name}`, () => {
    let store: LedgerStore;
    let ledger: Ledger;

    beforeEach(async () => {
      store = await openStore();
      ({ ledger } = store);
    });

    afterEach(async () => {
      try {
        await store.expectIntact();
      } finally {
        await store.remove();
      }
    });

    describeAppending(() => store);
    describeFailures(() => store);
    describeReading(() => store);
    describeTime(() => store);

    it('commits what waits when it is closed, and refuses the rest', async () => {
      const waiting = Array.from({ length: 300 }, () => count(ledger, 'a'));
      const closing = ledger.close();
      await expect(count(ledger, 'a')).rejects.toThrow(LedgerUnavailable);
      expect((await Promise.all(waiting)).at(-1)).toBe(299);
      await closing;
      await expect(count(ledger, 'a')).rejects.toThrow('closed');
      await expect(ledger.size()).rejects.toThrow(LedgerUnavailable);
      await expect(ledger.load('administration', 'a')).rejects.toThrow('closed');
      await ledger.close();
    });

    it('refuses what comes while 4,096 decisions wait, and loses none of those', async () => {
      const waiting = Array.from({ length: 4096 }, () => count(ledger, 'a'));
      const refused = await Promise.allSettled(
        Array.from({ length: 10 }, () => count(ledger, 'a')),
      );
      expect(refused).toEqual(
        Array.from({ length: 10 }, () => ({ status: 'rejected', reason: expect.any(LedgerBusy) })),
      );
      const answers = await Promise.all(waiting);
      expect(answers).toEqual(Array.from({ length: 4096 }, (_, index) => index));
      expect(await ledger.size()).toBe(4096);
      expect(await count(ledger, 'a')).toBe(4096);
    });
  });
}

function describeAppending(current: () => LedgerStore): void {
  it('gives positions without gaps, across streams and commits', async () => {
    const { ledger } = current();
    for (let batch = 0; batch < 5; batch += 1) {
      await Promise.all(
        Array.from({ length: 70 }, (_, index) => count(ledger, `stream-${index % 7}`)),
      );
    }
    const events = await allEvents(ledger);
    expect(events.map(({ position }) => position)).toEqual(
      Array.from({ length: 350 }, (_, n) => n),
    );
    expect(await ledger.size()).toBe(350);
    const row = await ledger.streamRow('administration', 'stream-3');
    expect(row).toMatchObject({ version: 50, kind: 'administration', state: { count: 50 } });
  });

  it('lets two commands on one family in one batch follow each other', async () => {
    const { ledger } = current();
    await beginFamily(ledger, FAMILY);
    const answers = await Promise.all([
      refreshFamily(ledger, FAMILY, 0),
      refreshFamily(ledger, FAMILY, 0),
      refreshFamily(ledger, FAMILY, 1),
      refreshFamily(ledger, FAMILY, 1),
    ]);
    expect(answers).toEqual([
      { how: 'rotated', generation: 1 },
      { how: 'retried', generation: 1 },
      { how: 'rotated', generation: 2 },
      { how: 'retried', generation: 2 },
    ]);
    expect(await ledger.load('family', FAMILY)).toMatchObject({ generation: 2, status: 'active' });
  });

  it('kills the family and opens the incident in one commit when a token is reused', async () => {
    const { ledger, clock } = current();
    await beginFamily(ledger, FAMILY);
    await refreshFamily(ledger, FAMILY, 0);
    clock.now += 60_000;
    expect(await refreshFamily(ledger, FAMILY, 0)).toMatchObject({ how: 'reuse_detected' });
    const types = (await allEvents(ledger)).map(({ type }) => type);
    expect(types.slice(3)).toEqual([
      'RefreshTokenReuseDetected',
      'FamilyRevoked',
      'IncidentOpened',
    ]);
    expect(await ledger.load('family', FAMILY)).toMatchObject({ status: 'revoked' });
  });

  it('shows a decision what was decided before it in its batch', async () => {
    const { ledger } = current();
    const seen = await Promise.all([
      append(ledger, 'client', 'web', [clientRegistered('Web')]),
      decideOn(ledger, 'session', 's', (stream) => ({
        events: [],
        outcome: stream.find('client', 'web')?.metadata.name,
      })),
      append(ledger, 'client', 'web', [
        { type: 'ClientUpdated', data: { metadata: metadataNamed('Web 2') } },
      ]),
      decideOn(ledger, 'client', 'web', (stream) => ({
        events: [],
        outcome: [stream.state, stream.find('client', 'web')].map((state) => state?.metadata.name),
      })),
    ]);
    expect(seen).toMatchObject([
      undefined,
      'Web',
      { metadata: { name: 'Web' } },
      ['Web 2', 'Web 2'],
    ]);
  });

  it('writes down who asked, what caused it, and what the origin commits to', async () => {
    const { ledger } = current();
    const asked = { actor: 'client:web', correlationId: 'c-1', causationId: 'e-1', origin: ORIGIN };
    await append(ledger, 'administration', 'a', [recorded('one'), recorded('two')], asked);
    await count(ledger, 'a');
    const events = await allEvents(ledger);
    expect(events).toEqual([
      expect.objectContaining({
        id: expect.stringMatching(/^[0-9a-f]{8}-[0-9a-f]{4}-7/),
        type: 'AdministrationRecorded',
        version: 1,
        streamId: 'administration:a',
        streamVersion: 1,
        project: DEFAULT_PROJECT,
        actor: 'client:web',
        correlationId: 'c-1',
        causationId: 'e-1',
        originCommitment: expect.stringMatching(/^[\w-]{43}$/),
        recordedAt: LEDGER_TESTED_AT,
        data: { action: 'one' },
        position: 0,
        previousPosition: null,
        appendedAt: LEDGER_TESTED_AT,
      }),
      expect.objectContaining({ streamVersion: 2, position: 1, previousPosition: 0 }),
      expect.objectContaining({ streamVersion: 3, position: 2, previousPosition: 1 }),
    ]);
    expect(events[0]?.originCommitment).not.toBe(events[1]?.originCommitment);
    expect(events[2]).not.toHaveProperty('originCommitment');
    expect(await ledger.origins([0, 1, 2, 99])).toEqual(
      new Map([
        [0, ORIGIN],
        [1, ORIGIN],
      ]),
    );
  });

  it('lets a decision say who acted, for all that it writes', async () => {
    const { ledger } = current();
    const streamId = streamIdOf('incident', 'i1');
    await decideOn(ledger, 'administration', 'a', () => ({
      events: [recorded('one')],
      companions: [{ kind: 'incident', streamId, events: [incidentOpened()] }],
      actor: 'client:web',
      outcome: undefined,
    }));
    await count(ledger, 'a');
    const actors = (await allEvents(ledger)).map(({ actor }) => actor);
    expect(actors).toEqual(['client:web', 'client:web', ATTRIBUTION.actor]);
  });

  it('begins companions in the same commit, also of a decision without events', async () => {
    const { ledger } = current();
    const companions = [
      { kind: 'incident', streamId: streamIdOf('incident', 'i1'), events: [incidentOpened()] },
      { kind: 'session', streamId: streamIdOf('session', 's1'), events: [] },
    ] as const;
    await decideOn(ledger, 'family', FAMILY, () => ({
      events: [],
      companions,
      outcome: undefined,
    }));
    expect(await ledger.load('incident', 'i1')).toMatchObject({ kind: 'foreign_client' });
    expect(await ledger.load('session', 's1')).toBeUndefined();
    expect(await ledger.load('family', FAMILY)).toBeUndefined();
  });

  it('answers only when its events are there for everyone', async () => {
    const { ledger, openAnother } = current();
    const another = await openAnother();
    const seen = await Promise.all(
      Array.from({ length: 40 }, async (_, index) => {
        await count(ledger, `stream-${index}`);
        return another.load('administration', `stream-${index}`);
      }),
    );
    expect(seen.map((state) => state?.count)).toEqual(Array.from({ length: 40 }, () => 1));
  });
}

function describeFailures(current: () => LedgerStore): void {
  it('lets a decider that throws fail alone', async () => {
    const { ledger } = current();
    const settled = await Promise.allSettled([
      count(ledger, 'a'),
      decideOn(ledger, 'administration', 'a', () => {
        throw new Error('a broken decider');
      }),
      count(ledger, 'a'),
    ]);
    expect(settled).toEqual([
      { status: 'fulfilled', value: 0 },
      { status: 'rejected', reason: new Error('a broken decider') },
      { status: 'fulfilled', value: 1 },
    ]);
    expect(await ledger.size()).toBe(2);
  });

  it.each<[why: string, fail: (ledger: Ledger) => Promise<unknown>, message: RegExp]>([
    [
      'the history would be impossible',
      (ledger) =>
        append(ledger, 'session', 's', [
          { type: 'SessionEnded', data: { reason: 'signed_out' } },
          { type: 'SessionEnded', data: { reason: 'signed_out' } },
        ]),
      /cannot be the first event/,
    ],
    [
      'the second event has no canonical form',
      (ledger) =>
        append(ledger, 'administration', 'a', [recorded('fine'), recorded('half \ud800')]),
      /lone surrogate/,
    ],
    [
      'the second event has a member that no such event has',
      (ledger) =>
        append(ledger, 'administration', 'a', [
          recorded('fine'),
          {
            type: 'AdministrationRecorded',
            data: { action: 'x', note: 'y' } as { action: string },
          },
        ]),
      /^the data of AdministrationRecorded are wrong at the top$/,
    ],
    [
      'an event has a member deep inside that is none of it',
      (ledger) => {
        const issued = clientTokenIssued();
        Object.assign(issued.data.token, { note: 'y' });
        return append(ledger, 'client_token', 't', [issued]);
      },
      /^the data of ClientTokenIssued are wrong at token$/,
    ],
    [
      'an event is of another kind of stream',
      (ledger) => append(ledger, 'administration', 'a', [consented([]) as never]),
      /^a stream of kind administration cannot hold ConsentGiven$/,
    ],
    [
      'the event of a companion has a value that it cannot have',
      (ledger) =>
        decideOn(ledger, 'administration', 'a', () => ({
          events: [recorded('with companion')],
          companions: [claiming('new', '')],
          outcome: undefined,
        })),
      /^the data of AccountCreated are wrong at usernameDigest$/,
    ],
    [
      'a companion exists already',
      (ledger) =>
        decideOn(ledger, 'administration', 'a', () => ({
          events: [recorded('with companion')],
          companions: [
            { kind: 'session', streamId: streamIdOf('session', 'new'), events: [] },
            { kind: 'incident', streamId: streamIdOf('incident', 'i'), events: [incidentOpened()] },
          ],
          outcome: undefined,
        })),
      /incident:i cannot begin/,
    ],
    [
      'two companions are the same stream',
      (ledger) =>
        decideOn(ledger, 'administration', 'a', () => {
          const streamId = streamIdOf('incident', 'twin');
          const companion = { kind: 'incident', streamId, events: [incidentOpened()] } as const;
          return { events: [], companions: [companion, companion], outcome: undefined };
        }),
      /incident:twin cannot begin/,
    ],
    [
      'the stream belongs to another project',
      (ledger) =>
        decideOn(
          ledger,
          'administration',
          'a',
          () => ({ events: [recorded('x')], outcome: undefined }),
          { project: 'elsewhere' as ProjectId },
        ),
      /does not belong to the project elsewhere/,
    ],
    [
      'the stream is not of its kind',
      (ledger) =>
        decideOn(
          ledger,
          'administration',
          'a',
          () => ({ events: [recorded('x')], outcome: undefined }),
          { streamId: 'session:a' as StreamId },
        ),
      /is no stream of kind administration/,
    ],
  ])(
    'writes nothing of a decision when %s, and all of its neighbours',
    async (_, fail, message) => {
      const { ledger } = current();
      await Promise.all([count(ledger, 'a'), append(ledger, 'incident', 'i', [incidentOpened()])]);
      const [before, failed, after] = await Promise.allSettled([
        count(ledger, 'a'),
        fail(ledger),
        count(ledger, 'a'),
      ]);
      expect([before, after]).toMatchObject([{ value: 1 }, { value: 2 }]);
      expect(failed).toMatchObject({
        status: 'rejected',
        reason: { message: expect.stringMatching(message) },
      });
      expect(await ledger.size()).toBe(4);
      expect(await ledger.load('session', 'new')).toBeUndefined();
    },
  );

  const claim = (ledger: Ledger, id: string, key: string) =>
    decideOn(ledger, 'account', id, () => ({ events: [accountCreated(key)], outcome: id }));
  /** An account that begins beside what is decided, with a user name of this digest. */
  const claiming = (id: string, key: string) => ({
    kind: 'account' as const,
    streamId: streamIdOf('account', id),
    events: [accountCreated(key)],
  });

  it('fails only the decision whose unique key is taken, however many share the commit', async () => {
    const { ledger } = current();
    const claims = Array.from({ length: 60 }, (_, index) =>
      claim(ledger, `account-${index}`, `name-${index % 57}`),
    );
    const settled = await Promise.allSettled([...claims, count(ledger, 'a')]);
    const failed = settled.flatMap(({ status }, index) => (status === 'rejected' ? [index] : []));
    expect(failed).toEqual([57, 58, 59]);
    const owners = await ledger.read((reader) => [
      reader.findKey(DEFAULT_PROJECT, 'username', 'name-0'),
      reader.findKey(DEFAULT_PROJECT, 'username', 'name-99'),
      reader.findKey('elsewhere' as ProjectId, 'username', 'name-0'),
      reader.find('account', 'account-57'),
      reader.find('account', 'account-56')?.status,
    ]);
    expect(owners).toEqual(['account:account-0', undefined, undefined, undefined, 'active']);
    expect(await ledger.size()).toBe(58);
  });

  it('keeps no key of a decision that failed', async () => {
    const { ledger } = current();
    await claim(ledger, 'ana', 'ana');
    const [failed, counted] = await Promise.allSettled([
      decideOn(ledger, 'account', 'eve', () => ({
        events: [accountCreated('eve')],
        companions: [claiming('mallory', 'ana')],
        outcome: undefined,
      })),
      count(ledger, 'a'),
    ]);
    expect([failed.status, counted.status]).toEqual(['rejected', 'fulfilled']);
    expect(await claim(ledger, 'bob', 'eve')).toBe('bob');
  });

  it('gives a companion its key, in its project, and no other stream ever again', async () => {
    const { ledger } = current();
    await decideOn(ledger, 'administration', 'a', () => ({
      events: [],
      companions: [claiming('ana', 'ana')],
      outcome: undefined,
    }));
    const holderOf = (project: ProjectId) =>
      ledger.read((reader) => reader.findKey(project, 'username', 'ana'));
    await append(ledger, 'account', 'ana', [{ type: 'AccountErased', data: {} }]);
    expect(await holderOf(DEFAULT_PROJECT)).toBe('account:ana');
    expect(await holderOf('elsewhere' as ProjectId)).toBeUndefined();
    const [again] = await Promise.allSettled([claim(ledger, 'eve', 'ana')]);
    expect(again.status).toBe('rejected');
    expect(await holderOf(DEFAULT_PROJECT)).toBe('account:ana');
  });

  it('shows a decision the keys that were claimed before it in its batch', async () => {
    const { ledger } = current();
    const seen = await Promise.all([
      claim(ledger, 'ana', 'ana'),
      decideOn(ledger, 'account', 'eve', (stream) => ({
        events: [],
        outcome: stream.findKey(DEFAULT_PROJECT, 'username', 'ana'),
      })),
    ]);
    expect(seen).toEqual(['ana', 'account:ana']);
  });

  it('remembers no state of a transaction that was undone', async () => {
    const { ledger } = current();
    await claim(ledger, 'ana', 'ana');
    await append(ledger, 'client', 'web', [clientRegistered('before')]);
    const update = (name: string, key: string) =>
      decideOn(ledger, 'client', 'web', ({ state }) => ({
        events: [{ type: 'ClientUpdated', data: { metadata: metadataNamed(name) } }],
        companions: [claiming(name, key)],
        outcome: state?.metadata.name,
      }));
    const settled = await Promise.allSettled([
      update('undone', 'ana'),
      update('after', 'new'),
      decideOn(ledger, 'session', 's', (stream) => ({
        events: [],
        outcome: stream.find('client', 'web')?.metadata.name,
      })),
    ]);
    expect(settled).toMatchObject([
      { status: 'rejected' },
      { value: 'before' },
      { value: 'after' },
    ]);
    expect((await ledger.load('client', 'web'))?.metadata.name).toBe('after');
  });
}

function describeReading(current: () => LedgerStore): void {
  it('pages through the whole ledger', async () => {
    const { ledger } = current();
    expect(await ledger.eventsAfter(null, 10)).toEqual({ events: [], next: null });
    await Promise.all(Array.from({ length: 25 }, () => count(ledger, 'a')));
    const positions: number[] = [];
    let after: number | null = null;
    do {
      const page = await ledger.eventsAfter(after, 10);
      positions.push(...page.events.map(({ position }) => position));
      after = page.next;
    } while (after !== null);
    expect(positions).toEqual(Array.from({ length: 25 }, (_, index) => index));
    expect(await ledger.eventsAfter(24, 10)).toEqual({ events: [], next: null });
    expect((await ledger.eventsAfter(20, 0)).events).toHaveLength(1);
    expect((await ledger.eventsAfter(20, -1)).events).toHaveLength(1);
  });

  it('gives at most 1,000 events at once', async () => {
    const { ledger } = current();
    await Promise.all(Array.from({ length: 1100 }, () => count(ledger, 'a')));
    expect(await ledger.eventsAfter(null, 5000)).toMatchObject({ next: 999 });
    const newest = await ledger.streamEvents(streamIdOf('administration', 'a'), null, 5000);
    expect(newest).toMatchObject({ events: { length: 1000 }, next: 100 });
  });

  it('gives the events at some positions, in their order, and none where there is none', async () => {
    const { ledger } = current();
    await Promise.all(Array.from({ length: 1100 }, () => count(ledger, 'a')));
    const events = await ledger.eventsAt([7, 3, 5000, -1, 3]);
    expect(events.map(({ position }) => position)).toEqual([7, 3, 3]);
    const { events: page } = await ledger.eventsAfter(2, 1);
    expect(events[1]).toEqual(page[0]);
    const many = Array.from({ length: 1100 }, (_, position) => position);
    expect(await ledger.eventsAt(many)).toHaveLength(1000);
  });

  it("pages through a stream's events, newest first", async () => {
    const { ledger } = current();
    const stream = streamIdOf('administration', 'a');
    for (let index = 0; index < 5; index += 1) await count(ledger, index % 2 === 0 ? 'a' : 'b');
    const positionsOf = async (before: number | null, limit: number) => {
      const { events, next } = await ledger.streamEvents(stream, before, limit);
      return [...events.map(({ position }) => position), next];
    };
    expect(await positionsOf(null, 2)).toEqual([4, 2, 2]);
    expect(await positionsOf(2, 2)).toEqual([0, null]);
    expect(await positionsOf(3, 9)).toEqual([2, 0, null]);
    expect(await positionsOf(99, 9)).toEqual([4, 2, 0, null]);
    expect(await positionsOf(0, 9)).toEqual([null]);
    const unknown = await ledger.streamEvents(streamIdOf('administration', 'z'), null, 9);
    expect(unknown).toEqual({ events: [], next: null });
  });

  it('pages through the streams of any kind, newest id first', async () => {
    const { ledger } = current();
    const ids = ['a', 'b', 'c', 'd', 'e'];
    await Promise.all([
      ...ids.map((id) => append(ledger, 'client', id, [clientRegistered(id)])),
      ...ids.map((id) => append(ledger, 'consent', id, [consented(['email'])])),
      append(ledger, 'client_token', 'f', [clientTokenIssued()]),
    ]);
    const idsOf = async (kind: 'client' | 'consent' | 'session', before: string | null) => {
      const from = before === null ? null : streamIdOf(kind, before);
      return (await ledger.streamsOfKind(kind, from, 3)).map(({ streamId }) => streamId);
    };
    expect(await idsOf('client', null)).toEqual(['client:e', 'client:d', 'client:c']);
    expect(await idsOf('client', 'c')).toEqual(['client:b', 'client:a']);
    expect(await idsOf('consent', null)).toEqual(['consent:e', 'consent:d', 'consent:c']);
    expect(await idsOf('session', null)).toEqual([]);
    const [first] = await ledger.streamsOfKind('client', null, 1);
    expect(first).toEqual(await ledger.streamRow('client', 'e'));
  });

  it('shows a decision the newest events of its stream with their origins', async () => {
    const { ledger } = current();
    const recent = (limit: number) =>
      decideOn(ledger, 'administration', 'a', (stream) => ({
        events: [],
        outcome: stream
          .recent(limit)
          .map(({ event, origin }) => [event.streamVersion, origin?.requestId]),
      }));
    expect(await recent(3)).toEqual([]);
    const results = await Promise.all([
      append(ledger, 'administration', 'a', [recorded('one')]),
      append(ledger, 'administration', 'a', [recorded('two')], { ...ATTRIBUTION, origin: ORIGIN }),
      recent(3),
      append(ledger, 'administration', 'a', [recorded('three'), recorded('four')]),
      recent(3),
    ]);
    const before = [
      [2, 'request-1'],
      [1, undefined],
    ];
    expect(results[2]).toEqual(before);
    expect(results[4]).toEqual([[4, undefined], [3, undefined], before[0]]);
    expect(await recent(1)).toEqual([[4, undefined]]);
  });

  it('reads several states at one moment, and the directory as any process left it', async () => {
    const { ledger, openAnother } = current();
    const another = await openAnother();
    await append(ledger, 'client', 'web', [clientRegistered('one')]);
    const nameOf = (one: Ledger) =>
      one.read((reader) => reader.find('client', 'web')?.metadata.name);
    expect(await nameOf(ledger)).toBe('one');
    expect(await nameOf(another)).toBe('one');
    for (const [writer, name] of [
      [another, 'two'],
      [ledger, 'three'],
      [another, 'four'],
    ] as const) {
      const metadata = metadataNamed(name);
      await append(writer, 'client', 'web', [{ type: 'ClientUpdated', data: { metadata } }]);
      const decided = await Promise.all(
        [ledger, another].map((one) =>
          decideOn(one, 'session', 's', (stream) => ({
            events: [],
            outcome: stream.find('client', 'web')?.metadata.name,
          })),
        ),
      );
      expect(decided).toEqual([name, name]);
      expect(await nameOf(ledger)).toBe(name);
      expect(await nameOf(another)).toBe(name);
    }
    expect((await ledger.streamRow('client', 'web'))?.version).toBe(4);
  });

  it('rejects with what a query throws, and reads on', async () => {
    const { ledger } = current();
    const failing = ledger.read(() => {
      throw new Error('a broken query');
    });
    await expect(failing).rejects.toThrow('a broken query');
    expect(await ledger.load('client', 'web')).toBeUndefined();
    expect(await count(ledger, 'a')).toBe(0);
  });
}

function describeTime(current: () => LedgerStore): void {
  it('never records a time before one that it recorded, while its clock is a little behind', async () => {
    const { ledger, clock, openAnother } = current();
    const another = await openAnother();
    const times = [0, 5_000, -55_000, -1, 4_999, 5_001, -54_999];
    for (const [index, offset] of times.entries()) {
      clock.now = LEDGER_TESTED_AT + offset;
      await count(index % 2 === 0 ? ledger : another, `stream-${index % 3}`);
    }
    const events = await allEvents(ledger);
    const expected = [0, 5_000, 5_000, 5_000, 5_000, 5_001, 5_001].map(
      (ms) => LEDGER_TESTED_AT + ms,
    );
    expect(events.map(({ recordedAt }) => recordedAt)).toEqual(expected);
    expect(events.map(({ appendedAt }) => appendedAt)).toEqual(expected);
  });

  it('refuses everything while its clock is more than a minute behind, and works again when it is right', async () => {
    const { ledger, clock, openAnother } = current();
    const another = await openAnother();
    await count(ledger, 'a');
    clock.now = LEDGER_TESTED_AT - 60_001;
    const refused = await Promise.allSettled([
      count(ledger, 'a'),
      count(ledger, 'b'),
      decideOn(ledger, 'session', 's', () => ({ events: [], outcome: undefined })),
      count(another, 'a'),
    ]);
    const reason = {
      code: 'clock_behind',
      message:
        'the clock is 61 s behind the last event of the ledger (2026-11-21T09:00:00Z): ' +
        'set the clock, or wait until it has caught up',
    };
    expect(refused).toMatchObject(refused.map(() => ({ status: 'rejected', reason })));
    expect(refused.map((one) => one.status === 'rejected' && one.reason)).toEqual(
      refused.map(() => expect.any(LedgerUnavailable)),
    );
    expect(await ledger.load('administration', 'a')).toMatchObject({ count: 1 });
    expect(await ledger.size()).toBe(1);
    clock.now = LEDGER_TESTED_AT - 3_600_000;
    await expect(count(ledger, 'a')).rejects.toThrow('the clock is 3,600 s behind the last event');
    clock.now = LEDGER_TESTED_AT - 60_000;
    expect(await Promise.all([count(ledger, 'a'), count(ledger, 'a')])).toEqual([1, 2]);
    expect(await count(another, 'a')).toBe(3);
  });

  it('tells a decision the time that its events are recorded at', async () => {
    const { ledger, clock } = current();
    await count(ledger, 'a');
    clock.now -= 1_000;
    const told = await decideOn(ledger, 'session', 's', ({ recordedAt }) => ({
      events: [],
      outcome: recordedAt,
    }));
    expect(told).toBe(LEDGER_TESTED_AT);
  });

  it('tells a decision the epoch', async () => {
    const { ledger, setEpoch } = current();
    const epoch = () =>
      decideOn(ledger, 'session', 's', (stream) => ({ events: [], outcome: stream.epoch }));
    expect(await epoch()).toBe(0);
    await setEpoch(3);
    expect(await epoch()).toBe(3);
    // No event opened that epoch: a verification would say so.
    await setEpoch(0);
  });
}
