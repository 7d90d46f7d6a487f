import { Command, CommandHandler, type ICommandHandler } from '@nestjs/cqrs';
import { DEFAULT_PROJECT, type ProjectId } from '../domain/identifiers.js';
import type { Attribution } from '../ledger/ledger.port.js';
import { type ActivateSigningKeyOutcome, SigningKeys } from './signing-keys.service.js';

/** Let a published key sign; of several active keys the youngest signs. */
export class ActivateSigningKey extends Command<ActivateSigningKeyOutcome> {
  constructor(
    readonly keyId: string,
    readonly attribution: Attribution,
    readonly project: ProjectId = DEFAULT_PROJECT,
  ) {
    super();
  }
}

/** Activates a signing key. */
@CommandHandler(ActivateSigningKey)
export class ActivateSigningKeyHandler implements ICommandHandler<ActivateSigningKey> {
  constructor(private readonly signingKeys: SigningKeys) {}

  /** Activates the key; refusals are values. */
  async execute(command: ActivateSigningKey): Promise<ActivateSigningKeyOutcome> {
    return this.signingKeys.activate(command);
  }
}
