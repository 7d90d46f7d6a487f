import { describe, expect, it } from '@jest/globals';
import {
  consentIdOf,
  covers,
  decideGiveConsent,
  decideWithdrawConsent,
} from '../../../src/domain/directory/consent.decider.js';
import type { EventOf } from '../../../src/domain/events/event-catalogue.js';
import type { ClientId, Subject } from '../../../src/domain/identifiers.js';
import { given } from './directory-history.js';

const subject = 'ana' as Subject;
const clientId = 'photos' as ClientId;
const PHOTOS = 'https://photos.example.com';
const MAIL = 'https://mail.example.com';
const allowed = (scope: string[], resources: string[] = []): EventOf<'consent'> => ({
  type: 'ConsentGiven',
  data: { subject, clientId, scope, resources },
});
const withdrawn = { type: 'ConsentWithdrawn', data: {} } as const;
const consent = (...history: readonly EventOf<'consent'>[]) =>
  given('consent', consentIdOf(subject, clientId), ...history);
const give = (scope: readonly string[], resources: readonly string[] = []) =>
  ((before) =>
    decideGiveConsent(before, { subject, clientId, scope, resources })) satisfies Parameters<
    ReturnType<typeof consent>['when']
  >[0];

describe('giving consent', () => {
  it('records scope and resources, sorted and each once', () => {
    const { state } = consent()
      .when(give(['openid', 'email', 'openid'], [PHOTOS, MAIL]))
      .then({
        events: [allowed(['email', 'openid'], [MAIL, PHOTOS])],
        outcome: { kind: 'given' },
      });
    expect(state).toEqual({
      subject,
      clientId,
      scope: ['email', 'openid'],
      resources: [MAIL, PHOTOS],
      withdrawn: false,
    });
  });

  it('records nothing that was allowed before', () => {
    consent(allowed(['email', 'openid'], [PHOTOS]))
      .when(give(['openid']))
      .then({ outcome: { kind: 'unchanged' } });
  });

  it('adds scopes at the same resources, and resources for the same scopes', () => {
    consent(allowed(['email'], [PHOTOS]))
      .when(give(['openid'], [PHOTOS]))
      .then({ events: [allowed(['email', 'openid'], [PHOTOS])], outcome: { kind: 'given' } });
    consent(allowed(['email'], [PHOTOS]))
      .when(give(['email'], [MAIL]))
      .then({ events: [allowed(['email'], [MAIL, PHOTOS])], outcome: { kind: 'given' } });
  });

  it('never takes scope allowed at one resource to be allowed at another', () => {
    const { state } = consent(allowed(['email'], [PHOTOS]))
      .when(give(['openid'], [MAIL]))
      .then({ events: [allowed(['openid'], [MAIL])], outcome: { kind: 'given' } });
    expect(covers(state, ['email'], [MAIL])).toBe(false);
  });

  it('starts again after a withdrawal', () => {
    consent(allowed(['email']), withdrawn)
      .when(give(['openid']))
      .then({ events: [allowed(['openid'])], outcome: { kind: 'given' } });
  });

  it('starts again from what is asked when an event would grow beyond its limits', () => {
    const many = Array.from(
      { length: 64 },
      (_, index) => `scope:${String(index).padStart(2, '0')}`,
    );
    consent(allowed(many))
      .when(give(['openid']))
      .then({ events: [allowed(['openid'])], outcome: { kind: 'given' } });
    const places = Array.from({ length: 32 }, (_, index) => `https://${index}.example.com`).sort();
    consent(allowed(['email'], places))
      .when(give(['email'], [PHOTOS]))
      .then({ events: [allowed(['email'], [PHOTOS])], outcome: { kind: 'given' } });
  });
});

describe('withdrawing consent', () => {
  it('happens once', () => {
    consent(allowed(['email']))
      .when(decideWithdrawConsent)
      .then({ events: [withdrawn], outcome: { kind: 'withdrawn' } })
      .when(decideWithdrawConsent)
      .then({ outcome: { kind: 'already_withdrawn' } });
  });

  it('is told apart from consent that was never given', () => {
    consent()
      .when(decideWithdrawConsent)
      .then({ outcome: { kind: 'unknown_consent' } });
  });
});

describe('a consent covers', () => {
  const { state } = consent(allowed(['email', 'openid'], [PHOTOS]));

  it.each([
    ['all of it', true, ['email', 'openid'], [PHOTOS]],
    ['a part of it', true, ['openid'], []],
    ['no other scope', false, ['openid', 'phone'], []],
    ['no other resource', false, ['openid'], [MAIL]],
  ])('%s', (_what, expected, scope, resources) => {
    expect(covers(state, scope, resources)).toBe(expected);
  });

  it('nothing when there is none, or it was withdrawn', () => {
    expect(covers(undefined, [], [])).toBe(false);
    expect(covers(consent(allowed(['email']), withdrawn).state, ['email'], [])).toBe(false);
  });
});
