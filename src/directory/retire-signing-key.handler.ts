import { Command, CommandHandler, type ICommandHandler } from '@nestjs/cqrs';
import { DEFAULT_PROJECT, type ProjectId } from '../domain/identifiers.js';
import type { Attribution } from '../ledger/ledger.port.js';
import { type RetireSigningKeyOutcome, SigningKeys } from './signing-keys.service.js';

/** Let a key that does not sign now never sign again; what it signed still verifies. */
export class RetireSigningKey extends Command<RetireSigningKeyOutcome> {
  constructor(
    readonly keyId: string,
    readonly attribution: Attribution,
    readonly project: ProjectId = DEFAULT_PROJECT,
  ) {
    super();
  }
}

/** Retires a signing key. */
@CommandHandler(RetireSigningKey)
export class RetireSigningKeyHandler implements ICommandHandler<RetireSigningKey> {
  constructor(private readonly signingKeys: SigningKeys) {}

  /** Retires the key; refusals are values. */
  async execute(command: RetireSigningKey): Promise<RetireSigningKeyOutcome> {
    return this.signingKeys.retire(command);
  }
}
