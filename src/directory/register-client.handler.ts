import { Inject } from '@nestjs/common';
import { Command, CommandHandler, type ICommandHandler } from '@nestjs/cqrs';
import { randomToken } from '../config/random-identifiers.js';
import type { Settings } from '../config/settings.js';
import { SETTINGS } from '../config/settings.tokens.js';
import { type ClientRefused, decideRegisterClient } from '../domain/directory/client.decider.js';
import {
  judgeClientMetadata,
  type MetadataRefusal,
} from '../domain/directory/client-metadata.rules.js';
import { judgeResources } from '../domain/directory/resource.rules.js';
import type { ClientMetadata } from '../domain/events/directory.events.js';
import {
  type ClientId,
  DEFAULT_PROJECT,
  type Instant,
  type ProjectId,
  streamIdOf,
} from '../domain/identifiers.js';
import { type Attribution, Ledger } from '../ledger/ledger.port.js';
import type { ClientRegistration } from './client-registration.js';
import { ClientSecrets } from './client-secrets.js';

/** A client is registered. Its secret is shown now and never again. */
export interface ClientRegistered {
  readonly kind: 'registered';
  readonly clientId: ClientId;
  /** Absent for a public client. */
  readonly clientSecret?: string | undefined;
  readonly metadata: ClientMetadata;
  readonly registeredAt: Instant;
}

/** The metadata were refused (RFC 7591, 3.2.2). */
export interface MetadataRefused {
  readonly kind: 'refused';
  readonly reason: MetadataRefusal['error'];
  readonly description: string;
}

/** What registering a client came to. */
export type RegisterClientOutcome = ClientRegistered | ClientRefused | MetadataRefused;

/** Make a client known, under a random id. */
export class RegisterClient extends Command<RegisterClientOutcome> {
  constructor(
    readonly registration: ClientRegistration,
    readonly attribution: Attribution,
    readonly project: ProjectId = DEFAULT_PROJECT,
  ) {
    super();
  }
}

/** Judges the metadata, makes a secret where one is needed, and registers the client. */
@CommandHandler(RegisterClient)
export class RegisterClientHandler implements ICommandHandler<RegisterClient> {
  constructor(
    private readonly ledger: Ledger,
    private readonly secrets: ClientSecrets,
    @Inject(SETTINGS) private readonly settings: Pick<Settings, 'issuer' | 'resources'>,
  ) {}

  /** Registers the client; refusals are values. */
  async execute(command: RegisterClient): Promise<RegisterClientOutcome> {
    const { registration, attribution, project } = command;
    const judged = judgeClientMetadata(registration.metadata, registration);
    if ('error' in judged) return metadataRefused(judged);
    const resources = judgeResources(registration.resources ?? [], this.settings);
    if (resources === undefined) return { kind: 'refused', reason: 'resource_refused' };
    const { metadata } = judged;
    const clientId = randomToken(16) as ClientId;
    const isPublic = metadata.authMethod === 'none';
    const made = isPublic ? undefined : await this.secrets.make(clientId);
    const { firstParty, verified, operatorScopes, mayIntrospect } = registration;
    const decided = {
      metadata,
      secretId: made?.secretId,
      firstParty,
      verified,
      operatorScopes,
      mayIntrospect,
      resources,
    };
    return this.ledger.execute<'client', RegisterClientOutcome>({
      kind: 'client',
      streamId: streamIdOf('client', clientId),
      project,
      attribution,
      decide: (stream) => {
        const { events, outcome } = decideRegisterClient(
          stream.state,
          decided,
          stream.find('project', project),
        );
        if (outcome.kind === 'refused') return { events, outcome };
        const clientSecret = made?.secret;
        const registeredAt = stream.recordedAt;
        return { events, outcome: { ...outcome, clientId, clientSecret, metadata, registeredAt } };
      },
    });
  }
}

/** A refusal of metadata, as the outcome of a command. */
export function metadataRefused({ error, description }: MetadataRefusal): MetadataRefused {
  return { kind: 'refused', reason: error, description };
}
