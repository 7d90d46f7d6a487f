import { Command, CommandHandler, type ICommandHandler } from '@nestjs/cqrs';
import { DEFAULT_PROJECT, type ProjectId } from '../domain/identifiers.js';
import type { Attribution } from '../ledger/ledger.port.js';
import { type CreateSigningKeyOutcome, SigningKeys } from './signing-keys.service.js';

/** Make and publish an ES256 key. Verifiers see it before it signs, unless `activate` is true. */
export class CreateSigningKey extends Command<CreateSigningKeyOutcome> {
  constructor(
    readonly activate: boolean,
    readonly attribution: Attribution,
    readonly project: ProjectId = DEFAULT_PROJECT,
  ) {
    super();
  }
}

/** Makes a signing key. */
@CommandHandler(CreateSigningKey)
export class CreateSigningKeyHandler implements ICommandHandler<CreateSigningKey> {
  constructor(private readonly signingKeys: SigningKeys) {}

  /** Makes the key; refusals are values. */
  async execute(command: CreateSigningKey): Promise<CreateSigningKeyOutcome> {
    return this.signingKeys.create(command);
  }
}
