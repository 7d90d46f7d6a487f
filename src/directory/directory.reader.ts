import { Injectable } from '@nestjs/common';
import { consentIdOf } from '../domain/directory/consent.decider.js';
import type {
  AccountState,
  ClientState,
  ConsentState,
  ProjectState,
  SessionState,
} from '../domain/directory/directory.state.js';
import { isSessionLive, rootIdOf, withRoot } from '../domain/directory/session.decider.js';
import {
  type ClientId,
  DEFAULT_PROJECT,
  type Instant,
  type ProjectId,
  streamIdOf,
  type Subject,
} from '../domain/identifiers.js';
import { Ledger, type StateReader } from '../ledger/ledger.port.js';
import { Usernames } from './usernames.js';

/** A session that stands now, and whose it is. */
export interface LiveSession {
  readonly session: SessionState;
  readonly account: AccountState;
}

/** What our ids are made of. Anything else names nothing, and never reaches the ledger. */
const IDENTIFIER = /^[\w-]{1,128}$/;

/** Looks up the directory. Every answer is the committed state: nothing is ever out of date. */
@Injectable()
export class DirectoryReader {
  constructor(
    private readonly ledger: Ledger,
    private readonly usernames: Usernames,
  ) {}

  /** A client, disabled ones included. The id may be attacker-controlled, as everywhere here. */
  async client(clientId: string): Promise<ClientState | undefined> {
    return IDENTIFIER.test(clientId) ? this.ledger.load('client', clientId) : undefined;
  }

  /** An account, disabled and erased ones included. */
  async account(subject: string): Promise<AccountState | undefined> {
    return IDENTIFIER.test(subject) ? this.ledger.load('account', subject) : undefined;
  }

  /** The account that has this user name, however it is written. */
  async accountByUsername(
    username: string,
    project: ProjectId = DEFAULT_PROJECT,
  ): Promise<AccountState | undefined> {
    const keys = this.usernames.keysOf(project, username)?.keys ?? [];
    return this.ledger.read((reader) => accountOf(reader, project, keys));
  }

  /** A project. */
  async project(slug: string): Promise<ProjectState | undefined> {
    return IDENTIFIER.test(slug) ? this.ledger.load('project', slug) : undefined;
  }

  /** A session, whether or not it still stands. */
  async session(sessionId: string): Promise<SessionState | undefined> {
    return IDENTIFIER.test(sessionId) ? this.ledger.load('session', sessionId) : undefined;
  }

  /** A session and its account, if the session still stands at `now`. */
  async liveSession(sessionId: string, now: Instant): Promise<LiveSession | undefined> {
    if (!IDENTIFIER.test(sessionId)) return undefined;
    return this.ledger.read((reader) => {
      const find = (id: string) => reader.find('session', id);
      const rooted = withRoot(find(sessionId), find);
      if (rooted === undefined) return undefined;
      const { session } = rooted;
      const account = reader.find('account', session.subject);
      if (account === undefined || !isSessionLive(rooted, account, now)) return undefined;
      return { session, account };
    });
  }

  /** Whether a session ends together with the one of this id: they have the same root. */
  async endsWith(session: SessionState, sessionId: string): Promise<boolean> {
    const other = await this.session(sessionId);
    return other !== undefined && rootIdOf(other) === rootIdOf(session);
  }

  /** What a person allowed a client; `covers` says whether it is enough. */
  consent(subject: Subject, clientId: ClientId): Promise<ConsentState | undefined> {
    return this.ledger.load('consent', consentIdOf(subject, clientId));
  }
}

function accountOf(
  reader: StateReader,
  project: ProjectId,
  keys: readonly string[],
): AccountState | undefined {
  for (const key of keys) {
    const streamId = reader.findKey(project, 'username', key);
    if (streamId !== undefined)
      return reader.find('account', streamId.slice(streamIdOf('account', '').length));
  }
  return undefined;
}
