import { Command, CommandHandler, type ICommandHandler } from '@nestjs/cqrs';
import {
  type ClientRefused,
  decideRotateClientSecret,
} from '../domain/directory/client.decider.js';
import {
  type ClientId,
  DEFAULT_PROJECT,
  type Instant,
  type ProjectId,
  streamIdOf,
} from '../domain/identifiers.js';
import { type Attribution, Ledger } from '../ledger/ledger.port.js';
import { ClientSecrets } from './client-secrets.js';

/** What rotating a client's secret came to. The secret is shown now and never again. */
export type RotateClientSecretOutcome =
  | {
      readonly kind: 'rotated';
      readonly clientSecret: string;
      /** The secret before works until then. */
      readonly previousUntil: Instant;
    }
  | ClientRefused;

/** Give a confidential client another secret; the one before works on for `overlap` milliseconds. */
export class RotateClientSecret extends Command<RotateClientSecretOutcome> {
  constructor(
    readonly clientId: ClientId,
    readonly overlap: number,
    readonly attribution: Attribution,
    readonly project: ProjectId = DEFAULT_PROJECT,
  ) {
    super();
  }
}

/** Makes the secret and lets it count. */
@CommandHandler(RotateClientSecret)
export class RotateClientSecretHandler implements ICommandHandler<RotateClientSecret> {
  constructor(
    private readonly ledger: Ledger,
    private readonly secrets: ClientSecrets,
  ) {}

  /** Rotates the secret; refusals are values. */
  async execute(command: RotateClientSecret): Promise<RotateClientSecretOutcome> {
    const { clientId, overlap, attribution, project } = command;
    const { secretId, secret } = await this.secrets.make(clientId);
    return this.ledger.execute<'client', RotateClientSecretOutcome>({
      kind: 'client',
      streamId: streamIdOf('client', clientId),
      project,
      attribution,
      decide: ({ state, recordedAt }) => {
        const decision = decideRotateClientSecret(state, { secretId, overlap }, recordedAt);
        const { events, outcome } = decision;
        if (outcome.kind === 'refused') return { events, outcome };
        return { events, outcome: { ...outcome, clientSecret: secret } };
      },
    });
  }
}
