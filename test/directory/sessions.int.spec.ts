import { describe, expect, it } from '@jest/globals';
import { ChangePassword } from '../../src/directory/change-password.handler.js';
import { DirectoryReader } from '../../src/directory/directory.reader.js';
import { DisableAccount } from '../../src/directory/disable-account.handler.js';
import { EndSession } from '../../src/directory/end-session.handler.js';
import { GiveConsent } from '../../src/directory/give-consent.handler.js';
import { SignIns } from '../../src/directory/sign-ins.service.js';
import { SignOutEverywhere } from '../../src/directory/sign-out-everywhere.handler.js';
import { type ProvenSignIn, StartSession } from '../../src/directory/start-session.handler.js';
import { covers } from '../../src/domain/directory/consent.decider.js';
import type { RecordedEvent } from '../../src/domain/envelope.js';
import type { ClientId, Subject } from '../../src/domain/identifiers.js';
import { TokenCodec } from '../../src/tokens/token-codec.js';
import {
  createAccount,
  directories,
  type OpenedDirectory,
  operator,
  PASSWORD,
} from './opened-directory.js';

const { openWithProject } = directories();
const HALF_DAY = 43_200_000;

async function signIn(directory: OpenedDirectory, username: string): Promise<ProvenSignIn> {
  const outcome = await directory.get(SignIns).check(username, PASSWORD);
  if (outcome.kind !== 'proven') throw new Error(outcome.kind);
  return outcome.signIn;
}

async function start(directory: OpenedDirectory, proven: ProvenSignIn, replaces?: string) {
  const outcome = await directory.execute(new StartSession(proven, replaces, operator));
  if (outcome.kind === 'refused') throw new Error(outcome.reason);
  return outcome;
}

/** The sessions that ended, in order, and why. */
function endsOf(events: readonly RecordedEvent[]): (readonly [sessionId: string, unknown])[] {
  return events
    .filter(({ type }) => type === 'SessionEnded')
    .map(({ streamId, data }) => [streamId.slice('session:'.length), data['reason']] as const);
}

async function signedIn() {
  const directory = await openWithProject();
  const subject = await createAccount(directory, 'ana');
  const proven = await signIn(directory, 'ana');
  const session = await start(directory, proven);
  const isLive = async (now = Date.now()) =>
    (await directory.get(DirectoryReader).liveSession(session.sessionId, now)) !== undefined;
  return { directory, subject, proven, session, isLive };
}

describe('a session', () => {
  it('begins with a sign-in, and is named by a token that only we can make', async () => {
    const { directory, subject, session } = await signedIn();
    const { sessionId, token, authTime, expiresAt } = session;
    expect(sessionId).toMatch(/^[0-9a-f]{32}$/);
    expect(expiresAt - authTime).toBe(HALF_DAY);
    expect(directory.get(TokenCodec).decode('session', token)?.id).toBe(sessionId);
    const reader = directory.get(DirectoryReader);
    expect(await reader.session(sessionId)).toMatchObject({ subject, authTime, amr: ['pwd'] });
    expect(await reader.liveSession(sessionId, authTime)).toMatchObject({
      session: { sessionId },
      account: { subject },
    });
    expect(JSON.stringify(await directory.events())).not.toContain(token);
  });

  it('stands until it expires', async () => {
    const { session, isLive } = await signedIn();
    expect(await isLive(session.expiresAt - 1)).toBe(true);
    expect(await isLive(session.expiresAt)).toBe(false);
  });

  it('is renewed when the same person signs in again with the browser', async () => {
    const { directory, proven, session, isLive } = await signedIn();
    const next = await start(directory, proven, session.sessionId);
    expect(next.sessionId).not.toBe(session.sessionId);
    expect(await isLive()).toBe(false);
    const events = await directory.events();
    expect(events.slice(-2)).toMatchObject([
      { type: 'SessionStarted', data: { replaces: session.sessionId } },
      { type: 'SessionEnded', data: { reason: 'renewed' } },
    ]);
  });

  it('is replaced together with its root when somebody else signs in with the browser', async () => {
    const { directory, proven, session } = await signedIn();
    const second = await start(directory, proven, session.sessionId);
    const third = await start(directory, proven, second.sessionId);
    await createAccount(directory, 'bo');
    const before = (await directory.events()).length;
    await start(directory, await signIn(directory, 'bo'), third.sessionId);
    expect(endsOf((await directory.events()).slice(before))).toEqual([
      [session.sessionId, 'replaced'],
      [third.sessionId, 'replaced'],
    ]);
  });

  it('that ends takes its root with it, itself last, and nobody else’s', async () => {
    const { directory, proven, session } = await signedIn();
    await createAccount(directory, 'bo');
    const bo = await signIn(directory, 'bo');
    const ofBo = await start(directory, bo, session.sessionId);
    const again = await start(directory, proven, ofBo.sessionId);
    const middle = await start(directory, proven, again.sessionId);
    const last = await start(directory, proven, middle.sessionId);
    const before = (await directory.events()).length;
    const end = new EndSession(last.sessionId, 'signed_out', operator);
    expect(await directory.execute(end)).toEqual({ kind: 'ended' });
    expect(endsOf((await directory.events()).slice(before))).toEqual([
      [again.sessionId, 'signed_out'],
      [last.sessionId, 'signed_out'],
    ]);
    expect(await directory.execute(end)).toEqual({ kind: 'already_ended' });
    const reader = directory.get(DirectoryReader);
    expect(await reader.session(session.sessionId)).toMatchObject({ ended: 'replaced' });
    expect(await reader.session(ofBo.sessionId)).toMatchObject({ ended: 'replaced' });
  });

  it.each(['signed_out', 'replaced'] as const)(
    'ends with another that was begun with the same cookie: %s',
    async (reason) => {
      const { directory, proven, session } = await signedIn();
      const [one, other] = await Promise.all([
        start(directory, proven, session.sessionId),
        start(directory, proven, session.sessionId),
      ]);
      const isLive = async ({ sessionId, authTime }: typeof one) =>
        (await directory.get(DirectoryReader).liveSession(sessionId, authTime)) !== undefined;
      expect([await isLive(one), await isLive(other)]).toEqual([true, true]);
      await directory.execute(new EndSession(one.sessionId, reason, operator));
      expect([await isLive(one), await isLive(other)]).toEqual([false, false]);
      const next = await start(directory, proven, other.sessionId);
      expect(await isLive(next)).toBe(true);
    },
  );

  it('that was signed out is not renewed by its cookie', async () => {
    const { directory, proven, session } = await signedIn();
    await directory.execute(new EndSession(session.sessionId, 'signed_out', operator));
    await start(directory, proven, session.sessionId);
    const state = await directory.get(DirectoryReader).session(session.sessionId);
    expect(state?.ended).toBe('signed_out');
  });

  it('that is unknown cannot end', async () => {
    const { directory } = await signedIn();
    expect(await directory.execute(new EndSession('0'.repeat(32), 'signed_out', operator))).toEqual(
      { kind: 'refused', reason: 'unknown_session' },
    );
  });

  it('begins also when what it should replace is unknown', async () => {
    const { directory, proven } = await signedIn();
    const next = await start(directory, proven, '0'.repeat(32));
    const { sessionId } = next;
    const live = await directory.get(DirectoryReader).liveSession(sessionId, next.authTime);
    expect(live).toBeDefined();
  });

  it('ends once', async () => {
    const { directory, session, isLive } = await signedIn();
    const end = new EndSession(session.sessionId, 'signed_out', operator);
    expect(await directory.execute(end)).toEqual({ kind: 'ended' });
    expect(await directory.execute(end)).toEqual({ kind: 'already_ended' });
    expect(await isLive()).toBe(false);
  });

  it('ends when its account signs out everywhere or is disabled', async () => {
    const first = await signedIn();
    await first.directory.execute(new SignOutEverywhere(first.subject, operator));
    expect(await first.isLive()).toBe(false);
    const again = await start(first.directory, first.proven);
    const reader = first.directory.get(DirectoryReader);
    expect(await reader.liveSession(again.sessionId, Date.now())).toBeDefined();
    await first.directory.execute(new DisableAccount(first.subject, operator));
    expect(await reader.liveSession(again.sessionId, Date.now())).toBeUndefined();
  });

  it('does not begin when the password was changed after it was proven', async () => {
    const { directory, subject, proven } = await signedIn();
    const change = { password: 'a better password', signOutEverywhere: false };
    await directory.execute(new ChangePassword(subject, change, operator));
    expect(await directory.execute(new StartSession(proven, undefined, operator))).toEqual({
      kind: 'refused',
      reason: 'account_unavailable',
    });
  });

  it.each(['', 'x', '\0', '../../etc', 'a'.repeat(10_000)])('is not found by %j', async (id) => {
    const { directory } = await signedIn();
    expect(await directory.get(DirectoryReader).liveSession(id, Date.now())).toBeUndefined();
    expect(await directory.get(DirectoryReader).session(id)).toBeUndefined();
  });
});

describe('a consent', () => {
  it('is remembered for one person and one client', async () => {
    const directory = await openWithProject();
    const [subject, clientId] = ['ana' as Subject, 'photos' as ClientId];
    const consent = { subject, clientId, scope: ['openid', 'email'], resources: [] };
    const given = await directory.execute(new GiveConsent(consent, operator));
    expect(given).toEqual({ kind: 'given', consentId: 'ana.photos' });
    expect(await directory.execute(new GiveConsent(consent, operator))).toEqual({
      kind: 'unchanged',
      consentId: 'ana.photos',
    });
    const reader = directory.get(DirectoryReader);
    expect(covers(await reader.consent(subject, clientId), ['openid'], [])).toBe(true);
    expect(await reader.consent(subject, 'other' as ClientId)).toBeUndefined();
  });
});
