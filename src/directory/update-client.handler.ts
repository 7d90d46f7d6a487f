import { Inject } from '@nestjs/common';
import { Command, CommandHandler, type ICommandHandler } from '@nestjs/cqrs';
import type { Settings } from '../config/settings.js';
import { SETTINGS } from '../config/settings.tokens.js';
import { noEvents } from '../domain/decision.js';
import { type ClientChange, judgeClientChange } from '../domain/directory/client-change.rules.js';
import { type ClientRefused, decideUpdateClient } from '../domain/directory/client.decider.js';
import { judgeResources } from '../domain/directory/resource.rules.js';
import {
  type ClientId,
  DEFAULT_PROJECT,
  type ProjectId,
  streamIdOf,
} from '../domain/identifiers.js';
import { type Attribution, Ledger } from '../ledger/ledger.port.js';
import { type MetadataRefused, metadataRefused } from './register-client.handler.js';

/** What updating a client came to. */
export type UpdateClientOutcome =
  { readonly kind: 'updated' | 'unchanged' } | ClientRefused | MetadataRefused;

/** Change what a client registered and may do; for operators. */
export class UpdateClient extends Command<UpdateClientOutcome> {
  constructor(
    readonly clientId: ClientId,
    readonly change: ClientChange,
    readonly attribution: Attribution,
    readonly project: ProjectId = DEFAULT_PROJECT,
  ) {
    super();
  }
}

/** Judges what the client would be by the rules of a registration, and lets it be that. */
@CommandHandler(UpdateClient)
export class UpdateClientHandler implements ICommandHandler<UpdateClient> {
  constructor(
    private readonly ledger: Ledger,
    @Inject(SETTINGS) private readonly settings: Pick<Settings, 'issuer' | 'resources'>,
  ) {}

  /** Updates the client; refusals are values. */
  async execute(command: UpdateClient): Promise<UpdateClientOutcome> {
    const { clientId, change, attribution, project } = command;
    const resources = change.resources && judgeResources(change.resources, this.settings);
    if (change.resources !== undefined && resources === undefined) {
      return { kind: 'refused', reason: 'resource_refused' };
    }
    return this.ledger.execute<'client', UpdateClientOutcome>({
      kind: 'client',
      streamId: streamIdOf('client', clientId),
      project,
      attribution,
      decide: ({ state }) => {
        if (state === undefined) return noEvents({ kind: 'refused', reason: 'unknown_client' });
        const judged = judgeClientChange(state, change);
        if ('error' in judged) return noEvents(metadataRefused(judged));
        const { metadata } = judged;
        const { mayIntrospect } = change;
        return decideUpdateClient(state, { metadata, mayIntrospect, resources });
      },
    });
  }
}
