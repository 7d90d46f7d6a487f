import { Command, CommandHandler, type ICommandHandler } from '@nestjs/cqrs';
import { newUuid } from '../config/random-identifiers.js';
import { type AccountRefused, decideChangePassword } from '../domain/directory/account.decider.js';
import { type AccountFault, passwordFault } from '../domain/directory/account.rules.js';
import {
  DEFAULT_PROJECT,
  type ProjectId,
  streamIdOf,
  type Subject,
} from '../domain/identifiers.js';
import { type Attribution, Ledger } from '../ledger/ledger.port.js';
import { Passwords } from '../vault/passwords.js';
import { Vault } from '../vault/vault.port.js';

/** What changing a password came to. */
export type ChangePasswordOutcome =
  | { readonly kind: 'changed' }
  | AccountRefused
  | { readonly kind: 'refused'; readonly reason: AccountFault };

/** The new password, and whether everything that was signed in with the old one ends too. */
export interface PasswordChange {
  readonly password: string;
  readonly signOutEverywhere: boolean;
}

/** Let another password of an account count. Whoever asks was identified before. */
export class ChangePassword extends Command<ChangePasswordOutcome> {
  constructor(
    readonly subject: Subject,
    readonly change: PasswordChange,
    readonly attribution: Attribution,
    readonly project: ProjectId = DEFAULT_PROJECT,
  ) {
    super();
  }
}

/** Keeps the new hash in the vault, then lets it count. */
@CommandHandler(ChangePassword)
export class ChangePasswordHandler implements ICommandHandler<ChangePassword> {
  constructor(
    private readonly ledger: Ledger,
    private readonly vault: Vault,
    private readonly passwords: Passwords,
  ) {}

  /** Changes the password; refusals are values. */
  async execute(command: ChangePassword): Promise<ChangePasswordOutcome> {
    const { subject, change, attribution, project } = command;
    const fault = passwordFault(change.password);
    if (fault !== undefined) return { kind: 'refused', reason: fault };
    const { signOutEverywhere } = change;
    const credentialId = newUuid();
    const hash = await this.passwords.hash(change.password);
    await this.vault.putPasswordHash(credentialId, subject, hash);
    return this.ledger.execute<'account', ChangePasswordOutcome>({
      kind: 'account',
      streamId: streamIdOf('account', subject),
      project,
      attribution,
      decide: ({ state, recordedAt }) =>
        decideChangePassword(state, { credentialId, signOutEverywhere }, recordedAt),
    });
  }
}
