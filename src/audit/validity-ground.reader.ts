import {
  DEFAULT_PROJECT,
  type Position,
  streamIdOf,
  type StreamKind,
} from '../domain/identifiers.js';
import { stateAt } from '../domain/investigation/state-difference.rules.js';
import type {
  AccountGround,
  ClientGround,
  Events,
  FamilyGround,
} from '../domain/investigation/validity-ending.rules.js';
import type { ClientTokenGround } from '../domain/investigation/validity.rules.js';
import type { Ledger } from '../ledger/ledger.port.js';
import { historyOf } from './stream-history.reader.js';

/** Reads what validity depends on, up to a position. Throws HistoryTooLong. */
export class ValidityGrounds {
  constructor(
    private readonly ledger: Ledger,
    private readonly upTo: Position,
  ) {}

  /** All that a client depends on. */
  async ofClient(clientId: string | undefined): Promise<ClientGround> {
    return { client: await this.events('client', clientId), project: await this.project() };
  }

  /** All that an account depends on. */
  async ofAccount(subject: string | undefined): Promise<AccountGround> {
    return { account: await this.events('account', subject), project: await this.project() };
  }

  /** All that a family depends on. */
  async ofFamily(familyId: string): Promise<FamilyGround> {
    const family = await this.events('family', familyId);
    const state = stateAt('family', family);
    const session = await this.events('session', state?.sessionId);
    const rootId = stateAt('session', session)?.rootSessionId;
    return {
      family,
      session,
      rootSession: await this.events('session', rootId),
      ...(await this.ofClient(state?.clientId)),
      ...(await this.ofAccount(state?.subject)),
    };
  }

  /** All that a client's own token depends on. */
  async ofClientToken(tokenId: string): Promise<ClientTokenGround> {
    const clientToken = await this.events('client_token', tokenId);
    const state = stateAt('client_token', clientToken);
    return { clientToken, ...(await this.ofClient(state?.clientId)) };
  }

  private project(): Promise<Events> {
    return this.events('project', DEFAULT_PROJECT);
  }

  private events(kind: StreamKind, id: string | undefined): Promise<Events> {
    if (id === undefined) return Promise.resolve([]);
    return historyOf(this.ledger, streamIdOf(kind, id), this.upTo);
  }
}
