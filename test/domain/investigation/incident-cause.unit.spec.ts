import { describe, expect, it } from '@jest/globals';
import { causeOf } from '../../../src/domain/investigation/incident-cause.rules.js';
import type { InvestigatedIncident } from '../../../src/domain/investigation/incident-presentation.rules.js';
import {
  CONCURRENT_WITHIN,
  LOST_RESPONSE_BEYOND_WINDOW,
} from '../../../src/domain/investigation/incident-scene.rules.js';
import { refresh } from '../../support/domain-family-commands.js';
import {
  familyAt,
  granted,
  redeemed,
  rejected,
  rotatedTo,
} from '../../support/domain-family-events.js';
import {
  callerOf,
  INCIDENT_ID,
  MINUTE,
  photoApp,
  rotatedAt,
  SECOND,
} from '../../support/domain-world.js';
import {
  ELSEWHERE,
  HOME,
  HOME_NEXT_DOOR,
  HOME_UPDATED,
  MOBILE,
  place,
  type TestOrigin,
  told,
  type ToldFamily,
} from './told-families.js';

const WINDOW = 30 * SECOND;
const REUSE: InvestigatedIncident = { id: INCIDENT_ID, kind: 'refresh_token_reuse' };
const STALE: InvestigatedIncident = { id: INCIDENT_ID, kind: 'stale_inside_window' };

/** A family at this generation, all from home, to which an older token comes so long after its rotation. */
function presentedAgain(
  { generation = 1, presented = 0, age }: { generation?: number; presented?: number; age: number },
  from: TestOrigin = HOME,
  policy: Parameters<typeof familyAt>[1] = {},
): ToldFamily {
  return told(HOME, ...familyAt(generation, policy)).when(refresh({ generation: presented }), {
    receivedAt: rotatedAt(presented + 1) + age,
    from,
  });
}

/** Cause and confidence in short. */
function judged(family: ToldFamily, incident: InvestigatedIncident = REUSE): string {
  const { cause, confidence } = causeOf(incident, family.events);
  return `${cause} ${confidence}`;
}

function statements(family: ToldFamily, incident: InvestigatedIncident = REUSE): string[] {
  return causeOf(incident, family.events).evidence.map(({ statement }) => statement);
}

describe('a token that came again from where it was used', () => {
  it('is a lost response when its successor is unused and the window has just passed', () => {
    const family = presentedAgain({ age: WINDOW + SECOND });
    expect(causeOf(REUSE, family.events)).toStrictEqual({
      cause: 'lost_response',
      confidence: 'high',
      evidence: [
        { statement: 'successor_unused', positions: [place(2)], facts: {} },
        {
          statement: 'just_beyond_window',
          positions: [place(3)],
          facts: { age: WINDOW + SECOND, retryWindow: WINDOW },
        },
        { statement: 'same_network_and_agent', positions: [place(2), place(3)], facts: {} },
      ],
      parties: [partyAt('holder', HOME, [1, 3]), partyAt('presenter', HOME, [1, 3])],
      presented: {
        kind: 'refresh',
        generation: 0,
        currentGeneration: 1,
        gap: 1,
        age: WINDOW + SECOND,
      },
    });
  });

  it.each([
    [1, 'just_beyond_window', 'lost_response high'],
    [WINDOW, 'just_beyond_window', 'lost_response high'],
    [WINDOW + 1, 'beyond_window', 'lost_response medium'],
    [LOST_RESPONSE_BEYOND_WINDOW, 'beyond_window', 'lost_response medium'],
    [LOST_RESPONSE_BEYOND_WINDOW + 1, 'long_after_window', 'stale_process medium'],
  ])('%d ms beyond the window is %s: %s', (beyond, statement, cause) => {
    const family = presentedAgain({ age: WINDOW + beyond });
    expect(statements(family)).toContain(statement);
    expect(judged(family)).toBe(cause);
  });

  it.each([0, SECOND])('is never just beyond more than a window of %d ms', (retryWindow) => {
    const age = 2 * retryWindow + CONCURRENT_WITHIN + 1;
    const family = presentedAgain({ age }, HOME, { retryWindow });
    expect(statements(family)).toContain('beyond_window');
    expect(judged(family)).toBe('lost_response medium');
  });

  it('is never just beyond a window when more than two minutes late, however long that was', () => {
    const age = 10 * MINUTE + LOST_RESPONSE_BEYOND_WINDOW;
    const long = { retryWindow: 10 * MINUTE };
    expect(statements(presentedAgain({ age }, HOME, long))).toContain('just_beyond_window');
    expect(statements(presentedAgain({ age: age + 1 }, HOME, long))).toContain('long_after_window');
  });

  it('is of the same party next door in the same network', () => {
    expect(judged(presentedAgain({ age: WINDOW + 1 }, HOME_NEXT_DOOR))).toBe('lost_response high');
  });

  it('is a stale process when its successor was used', () => {
    const family = told(HOME, ...familyAt(1), rotatedTo(2, {}, rotatedAt(1) + WINDOW)).when(
      refresh({ generation: 0 }),
      { receivedAt: rotatedAt(1) + WINDOW + SECOND },
    );
    expect(causeOf(REUSE, family.events)).toMatchObject({
      cause: 'stale_process',
      confidence: 'medium',
      evidence: [
        { statement: 'successor_used', positions: [place(2), place(3)], facts: {} },
        { statement: 'just_beyond_window' },
        { statement: 'same_network_and_agent' },
      ],
      presented: { generation: 0, currentGeneration: 2, gap: 2, age: WINDOW + SECOND },
    });
  });

  it('is a stale process when it is old', () => {
    const family = presentedAgain({ generation: 3, presented: 0, age: 60 * MINUTE });
    expect(judged(family)).toBe('stale_process medium');
    expect(statements(family)).toEqual([
      'successor_used',
      'long_after_window',
      'same_network_and_agent',
    ]);
  });

  it('is surely one party when both prove the same key, from wherever', () => {
    const key = { senderKey: 'key-1' };
    const family = told(HOME, granted(), redeemed(key), rotatedTo(1, key), rotatedTo(2, key)).when(
      refresh({ generation: 0, caller: callerOf(photoApp, key) }),
      { receivedAt: rotatedAt(2) + MINUTE, from: ELSEWHERE },
    );
    expect(judged(family)).toBe('stale_process high');
    expect(statements(family)).toContain('same_sender_key');
  });

  it('is a slow twin when its own window is open still', () => {
    const family = told(HOME, ...familyAt(1), rotatedTo(2, {}, rotatedAt(1) + SECOND)).when(
      refresh({ generation: 0 }),
      { receivedAt: rotatedAt(1) + 3 * SECOND },
    );
    expect(causeOf(STALE, family.events)).toMatchObject({
      cause: 'stale_process',
      confidence: 'medium',
      evidence: [
        { statement: 'successor_used' },
        { statement: 'inside_window', facts: { age: 3 * SECOND, retryWindow: WINDOW } },
        { statement: 'same_network_and_agent' },
      ],
      presented: { generation: 0, currentGeneration: 2, gap: 2, age: 3 * SECOND },
    });
  });
});

describe('a token that came again close to its rotation', () => {
  const noWindow = { retryWindow: 0 };

  it.each([
    [1, 'concurrent_client high'],
    [CONCURRENT_WITHIN, 'concurrent_client high'],
    [CONCURRENT_WITHIN + 1, 'lost_response medium'],
  ])('%d ms after it: %s', (age, cause) => {
    expect(judged(presentedAgain({ age }, HOME, noWindow))).toBe(cause);
  });

  it('is of a concurrent client, with all presentations that came together', () => {
    const family = told(HOME, ...familyAt(1, { retryWindow: SECOND }))
      .when(refresh({ generation: 0 }), { receivedAt: rotatedAt(1) + 100 })
      .when(refresh({ generation: 0 }), { receivedAt: rotatedAt(1) + 1_500 });
    expect(causeOf(REUSE, family.events)).toMatchObject({
      cause: 'concurrent_client',
      confidence: 'high',
      evidence: [
        { statement: 'successor_unused' },
        { statement: 'just_beyond_window' },
        { statement: 'presented_together', positions: [place(3), place(4)], facts: { count: 2 } },
        { statement: 'same_network_and_agent' },
      ],
    });
  });

  it('is likely of one when others had come together before', () => {
    const after = (...ages: number[]) =>
      ages.reduce(
        (family, age) =>
          family.when(refresh({ generation: 0 }), { receivedAt: rotatedAt(1) + age }),
        told(HOME, ...familyAt(1)),
      );
    expect(judged(after(100, 200, WINDOW + SECOND))).toBe('concurrent_client medium');
    expect(judged(after(100, WINDOW + SECOND))).toBe('lost_response high');
    expect(judged(after(100, CONCURRENT_WITHIN + 1, WINDOW + SECOND))).toBe('lost_response high');
  });

  it('counts only what the same party presented of the same token', () => {
    const family = told(HOME, ...familyAt(1))
      .and(ELSEWHERE, rejected(0, 'scope_exceeded', rotatedAt(1) + 100))
      .and(HOME, rejected(0, 'scope_exceeded', rotatedAt(1) + 100))
      .and(HOME, rejected(1, 'scope_exceeded', rotatedAt(1) + 100))
      .when(refresh({ generation: 0 }), { receivedAt: rotatedAt(1) + WINDOW + SECOND });
    expect(judged(family)).toBe('lost_response high');
  });

  it('names no more than ten of them', () => {
    const burst = Array.from({ length: 12 }, () => rejected(0, 'scope_exceeded', rotatedAt(1)));
    const family = told(HOME, ...familyAt(1), ...burst).when(refresh({ generation: 0 }), {
      receivedAt: rotatedAt(1) + WINDOW + SECOND,
    });
    expect(causeOf(REUSE, family.events).evidence).toContainEqual({
      statement: 'presented_together',
      positions: burst.slice(0, 10).map((_, index) => place(3 + index)),
      facts: { count: 12 },
    });
  });
});

describe('a token that came again from elsewhere', () => {
  it('is likely stolen when network and agent are others: both parties stand side by side', () => {
    const family = presentedAgain({ age: WINDOW + SECOND }, ELSEWHERE).when(
      refresh({ generation: 1 }),
      { receivedAt: rotatedAt(2) },
    );
    expect(causeOf(REUSE, family.events)).toStrictEqual({
      cause: 'likely_theft',
      confidence: 'high',
      evidence: [
        { statement: 'successor_unused', positions: [place(2)], facts: {} },
        {
          statement: 'just_beyond_window',
          positions: [place(3)],
          facts: { age: WINDOW + SECOND, retryWindow: WINDOW },
        },
        { statement: 'other_network_and_agent', positions: [place(2), place(3)], facts: {} },
        { statement: 'holder_continued', positions: [place(5)], facts: { count: 1 } },
      ],
      parties: [partyAt('holder', HOME, [1, 5]), partyAt('presenter', ELSEWHERE, [3, 3])],
      presented: {
        kind: 'refresh',
        generation: 0,
        currentGeneration: 1,
        gap: 1,
        age: WINDOW + SECOND,
      },
    });
  });

  it('is likely stolen when the thief was first, and the person comes after', () => {
    const family = told(HOME, ...familyAt(1))
      .and(ELSEWHERE, rotatedTo(2))
      .when(refresh({ generation: 1 }), { receivedAt: rotatedAt(2) + MINUTE });
    expect(causeOf(REUSE, family.events)).toMatchObject({
      cause: 'likely_theft',
      confidence: 'high',
      evidence: [
        { statement: 'successor_unused' },
        { statement: 'just_beyond_window' },
        { statement: 'other_network_and_agent' },
        {
          statement: 'presenter_before_fork',
          positions: [place(1), place(2)],
          facts: { count: 2 },
        },
      ],
      parties: [partyAt('holder', ELSEWHERE, [3, 3]), partyAt('presenter', HOME, [1, 4])],
    });
  });

  it.each([
    ['another key', 'key-1', 'key-2'],
    ['a key where there was none', undefined, 'key-1'],
    ['no key where there was one', 'key-1', undefined],
  ])('is likely stolen when it comes with %s', (_what, before, after) => {
    const key = before === undefined ? {} : { senderKey: before };
    const family = told(HOME, granted(), redeemed(key), rotatedTo(1, key)).when(
      refresh({
        generation: 0,
        caller: callerOf(photoApp, after === undefined ? {} : { senderKey: after }),
      }),
      { receivedAt: rotatedAt(1) + WINDOW + SECOND },
    );
    expect(judged(family)).toBe('likely_theft high');
    expect(causeOf(REUSE, family.events)).toMatchObject({
      evidence: [{}, {}, { statement: 'other_sender_key' }],
      parties: [{ senderKey: before ?? null }, { senderKey: after ?? null }],
    });
  });

  it.each([
    ['network', MOBILE, 'other_network'],
    ['agent', HOME_UPDATED, 'other_agent'],
  ])('is a fork when only the %s is another, and the holder goes on', (_what, from, likeness) => {
    const family = presentedAgain({ generation: 2, presented: 0, age: 60 * MINUTE }, from);
    expect(judged(family)).toBe('fork medium');
    expect(statements(family)).toEqual([
      'successor_used',
      'long_after_window',
      likeness,
      'holder_continued',
    ]);
  });

  it('is a fork too when the holder shows itself afterwards', () => {
    const family = presentedAgain({ age: WINDOW + SECOND }, MOBILE);
    expect(judged(family)).toBe('lost_response low');
    const shown = family.when(refresh({ generation: 1 }), { receivedAt: rotatedAt(2) });
    expect(judged(shown)).toBe('fork medium');
  });

  it('is perhaps stale when it comes from where its successors were used as well', () => {
    const family = told(HOME, ...familyAt(1))
      .and(MOBILE, rotatedTo(2))
      .and(HOME, rotatedTo(3))
      .when(refresh({ generation: 0 }), { receivedAt: rotatedAt(3) + MINUTE, from: MOBILE });
    expect(judged(family)).toBe('stale_process low');
    expect(causeOf(REUSE, family.events).evidence).toContainEqual({
      statement: 'presenter_served_since_fork',
      positions: [place(3)],
      facts: { count: 1 },
    });
  });

  it.each([
    ['one difference', MOBILE],
    ['an erased origin', 'erased'],
  ] as const)('with %s is a lost response only just beyond the window', (_what, from) => {
    expect(judged(presentedAgain({ age: 2 * WINDOW }, from))).toBe('lost_response low');
    expect(judged(presentedAgain({ age: 2 * WINDOW + 1 }, from))).toBe('unclear low');
    expect(judged(presentedAgain({ age: MINUTE }, from, { retryWindow: 0 }))).toBe('unclear low');
  });

  it('is unclear when one difference is all that is known', () => {
    expect(judged(presentedAgain({ age: 60 * MINUTE }, MOBILE))).toBe('unclear low');
    const concurrent = presentedAgain({ age: SECOND }, MOBILE, { retryWindow: 0 });
    expect(judged(concurrent)).toBe('concurrent_client low');
  });
});

describe('a token that came again from nobody knows where', () => {
  it.each([
    ['erased', 'origin_erased'],
    ['none', 'origin_unknown'],
  ] as const)('says so: %s', (origin, statement) => {
    const family = presentedAgain({ age: WINDOW + SECOND }, origin);
    expect(causeOf(REUSE, family.events)).toMatchObject({
      cause: 'lost_response',
      confidence: 'low',
      evidence: [{}, {}, { statement, positions: [place(2), place(3)] }],
      parties: [
        partyAt('holder', HOME, [1, 2]),
        { ...partyAt('presenter', HOME, [3, 3]), address: null, userAgent: null },
      ],
    });
  });

  it.each([
    ['the holder', 'erased', HOME, 'origin_erased'],
    ['the holder', 'none', HOME, 'origin_unknown'],
    ['both', 'erased', 'none', 'origin_erased'],
  ] as const)('says so of %s: %s', (_whom, before, from, statement) => {
    const family = told(before, ...familyAt(1)).when(refresh({ generation: 0 }), {
      receivedAt: rotatedAt(1) + WINDOW + SECOND,
      from,
    });
    expect(judged(family)).toBe('lost_response low');
    expect(statements(family)).toContain(statement);
  });

  it('is only what its timing says, and never surely', () => {
    const concurrent = presentedAgain({ age: SECOND }, 'erased', { retryWindow: 0 });
    expect(judged(concurrent)).toBe('concurrent_client low');
    expect(judged(presentedAgain({ age: 60 * MINUTE }, 'erased'))).toBe('unclear low');
    const superseded = presentedAgain({ generation: 3, age: 60 * MINUTE }, 'erased');
    expect(judged(superseded)).toBe('unclear low');
  });

  it('is of one party still when both proved the same key', () => {
    const key = { senderKey: 'key-1' };
    const family = told('erased', granted(), redeemed(key), rotatedTo(1, key)).when(
      refresh({ generation: 0, caller: callerOf(photoApp, key) }),
      { receivedAt: rotatedAt(1) + WINDOW + SECOND, from: 'erased' },
    );
    expect(judged(family)).toBe('lost_response high');
    expect(causeOf(REUSE, family.events).parties).toMatchObject([
      { senderKey: 'key-1', address: null, firstPosition: place(1), lastPosition: place(3) },
      { senderKey: 'key-1', address: null, firstPosition: place(1), lastPosition: place(3) },
    ]);
  });
});

/** A party of the default client that shows itself between the events of these indexes. */
function partyAt(
  role: 'holder' | 'presenter',
  origin: Exclude<TestOrigin, string>,
  [first, last]: readonly [number, number],
) {
  const { address, userAgent } = origin;
  return {
    role,
    address,
    userAgent,
    senderKey: null,
    clientId: 'photo-app',
    firstPosition: place(first),
    lastPosition: place(last),
  };
}
