import { Injectable } from '@nestjs/common';
import { CommandBus } from '@nestjs/cqrs';
import {
  RecordAdministration,
  recordOfBacktest,
} from '../directory/record-administration.handler.js';
import type { AskedBacktest } from '../domain/events/directory.events.js';
import type { RequestContext } from '../grants/request-context.js';
import type { ActiveAccessToken } from './access-token-status.js';

type Bearer = Pick<ActiveAccessToken, 'client' | 'account'>;

/** Who came with an access token, as the envelope of an event says it. */
export function actorOf({ client, account }: Bearer): string {
  return account === undefined ? `client:${client.clientId}` : `account:${account.subject}`;
}

/** Records what operators do over HTTP in the administration stream. */
@Injectable()
export class AdministrationRecord {
  constructor(private readonly commands: CommandBus) {}

  /** Records what was asked for, such as `client.create`, and who came with this access token. */
  record(
    action: string,
    target: string | undefined,
    bearer: Bearer,
    { correlationId, origin }: RequestContext,
  ): Promise<void> {
    const attribution = { actor: actorOf(bearer), correlationId, origin };
    return this.commands.execute(new RecordAdministration(action, target, attribution));
  }

  /** Records a backtest, what it was asked for with, and who came with this access token. */
  recordBacktest(
    id: string,
    asked: AskedBacktest,
    bearer: Bearer,
    { correlationId, origin }: RequestContext,
  ): Promise<void> {
    const attribution = { actor: actorOf(bearer), correlationId, origin };
    return this.commands.execute(recordOfBacktest(id, asked, attribution));
  }
}
