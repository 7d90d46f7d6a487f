import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { FindSubjectHandler } from '../../src/audit/find-subject.handler.js';
import { ListEventsHandler } from '../../src/audit/list-events.handler.js';
import { ListEvents } from '../../src/audit/list-events.query.js';
import { FindSubject } from '../../src/audit/overview.query.js';
import { streamIdOf } from '../../src/domain/identifiers.js';
import type { Ledger } from '../../src/ledger/ledger.port.js';
import { accountCreated, append, consented, count } from '../support/ledger-executions.js';
import { openViewsStage, type ViewsStage } from '../support/views-stage.js';

const STREAM = streamIdOf('account', 'ana');

let stage: ViewsStage;
beforeEach(async () => {
  stage = await openViewsStage();
});
afterEach(() => stage.remove());

/** Lets the account's stream grow by so many events, with others between them. */
async function grow(events: number): Promise<void> {
  const turns = Array.from({ length: events }, (_, turn) => turn);
  await Promise.all(
    turns.map(async (turn) => {
      const data = { tokensNotBefore: turn };
      await append(stage.ledger, 'account', 'ana', [{ type: 'AccountTokensNotBeforeMoved', data }]);
      if (turn % 100 === 0) await count(stage.ledger, 'others');
    }),
  );
}

async function walkedEvents(): Promise<number[]> {
  const { events } = await stage.ledger.streamEvents(STREAM, null, 1000);
  return events.map(({ position }) => position).reverse();
}

/** Every page of the stream, and how often its chain was followed for them. */
async function listed(limit: number) {
  let walks = 0;
  const ledger = new Proxy<Ledger>(stage.ledger, {
    get: (target, name) => {
      if (name === 'streamEvents') walks += 1;
      const value: unknown = Reflect.get(target, name);
      return typeof value === 'function' ? (value.bind(target) as unknown) : value;
    },
  });
  const handler = new ListEventsHandler(ledger, stage.reader());
  const positions: number[] = [];
  let after: number | null = null;
  do {
    const page = await handler.execute(new ListEvents({ after, streamId: STREAM }, limit));
    positions.push(...page.events.map(({ position }) => position));
    expect(page.events.length).toBeLessThanOrEqual(limit);
    after = page.next;
  } while (after !== null);
  return { positions, walks };
}

describe('the pages of a long stream', () => {
  beforeEach(async () => {
    await append(stage.ledger, 'account', 'ana', [accountCreated('digest')]);
    await grow(600);
  });

  it('come from the views, without following its chain', async () => {
    await stage.rebuild();
    expect(await listed(100)).toEqual({ positions: await walkedEvents(), walks: 0 });
  });

  it.each([100, 201, 601])('go on in the ledger where the views end, by %d', async (limit) => {
    await stage.rebuild();
    await grow(30);
    const { positions } = await listed(limit);
    expect(positions).toEqual(await walkedEvents());
  });

  it('come from the ledger alone where there are no views', async () => {
    expect((await listed(250)).positions).toEqual(await walkedEvents());
  });
});

/** What is known about ana, as of the newest event. */
async function found() {
  await stage.rebuild();
  const instant = stage.clock.now;
  const position = (await stage.ledger.size()) - 1;
  const moment = { position, recordedAt: instant, instant, isAsked: false };
  const handler = new FindSubjectHandler(stage.ledger, stage.reader());
  return handler.execute(new FindSubject('ana', moment));
}

describe('the sign-ins of an account', () => {
  const active = { status: 'active', endReason: null };

  async function begin(id: string, rootSessionId?: string): Promise<void> {
    const now = stage.clock.now;
    const data = { subject: 'ana', authTime: now, amr: ['pwd'], expiresAt: now + 1000 };
    const more = rootSessionId === undefined ? {} : { rootSessionId };
    await append(stage.ledger, 'session', id, [
      { type: 'SessionStarted', data: { ...data, ...more } },
    ]);
  }

  beforeEach(async () => {
    await append(stage.ledger, 'account', 'ana', [accountCreated('digest')]);
    await begin('old');
  });

  it('are blocked where they are older than a signing out everywhere', async () => {
    const tokensNotBefore = stage.clock.now + 1;
    const moved = { type: 'AccountTokensNotBeforeMoved', data: { tokensNotBefore } } as const;
    await append(stage.ledger, 'account', 'ana', [moved]);
    stage.clock.now += 1;
    await begin('young');
    const sessions = [
      { id: 'young', ...active, blockedBy: null },
      { id: 'old', ...active, blockedBy: 'not_before' },
    ];
    expect(await found()).toMatchObject({ answer: { sessions } });
  });

  it('are blocked where the account is disabled, and only while they have not expired', async () => {
    await append(stage.ledger, 'account', 'ana', [{ type: 'AccountDisabled', data: {} }]);
    const blocked = { ...active, blockedBy: 'account_disabled' };
    expect(await found()).toMatchObject({ answer: { sessions: [blocked] } });
    stage.clock.now += 1000;
    const expired = { status: 'expired', blockedBy: null };
    expect(await found()).toMatchObject({ answer: { sessions: [expired] } });
  });

  it('have ended where what they go on from was signed out of', async () => {
    await begin('other', 'old');
    const ended = { type: 'SessionEnded', data: { reason: 'signed_out' } } as const;
    await append(stage.ledger, 'session', 'old', [ended]);
    const sessions = ['other', 'old'].map((id) => ({
      id,
      status: 'ended',
      endReason: 'signed_out',
      blockedBy: null,
    }));
    expect(await found()).toMatchObject({ answer: { sessions } });
  });
});

describe('an account of which very much was recorded', () => {
  it('is told with the sessions and consents that it began before', async () => {
    const { ledger } = stage;
    const instant = stage.clock.now;
    await append(ledger, 'account', 'ana', [accountCreated('digest')]);
    const session = { subject: 'ana', authTime: instant, amr: ['pwd'], expiresAt: instant + 1000 };
    await append(ledger, 'session', 'first', [{ type: 'SessionStarted', data: session }]);
    await append(ledger, 'consent', 'early', [consented(['photos.read'])]);
    for (let turn = 0; turn < 30; turn += 1) {
      await append(ledger, 'consent', 'later', [consented([`photos.${turn}`])]);
    }
    await grow(1100);
    expect(await found()).toMatchObject({
      answer: {
        sessions: [{ id: 'first', status: 'active' }],
        consents: [{ scope: ['photos.29'] }, { scope: ['photos.read'] }],
      },
    });
  });
});
