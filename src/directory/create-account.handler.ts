import { Command, CommandHandler, type ICommandHandler } from '@nestjs/cqrs';
import { newUuid, randomToken } from '../config/random-identifiers.js';
import { type AccountRefused, decideCreateAccount } from '../domain/directory/account.decider.js';
import {
  type AccountFault,
  passwordFault,
  profileFault,
} from '../domain/directory/account.rules.js';
import type { AccountRole } from '../domain/directory/directory.state.js';
import {
  DEFAULT_PROJECT,
  type ProjectId,
  streamIdOf,
  type Subject,
} from '../domain/identifiers.js';
import { type Attribution, Ledger } from '../ledger/ledger.port.js';
import { Passwords } from '../vault/passwords.js';
import { Vault } from '../vault/vault.port.js';
import { type UsernameKeys, Usernames } from './usernames.js';

/** A person to create an account for; unvalidated. */
export interface NewAccount {
  readonly username: string;
  readonly password: string;
  readonly roles: readonly AccountRole[];
  readonly email?: string | undefined;
  readonly emailVerified?: boolean | undefined;
  readonly name?: string | undefined;
}

/** What creating an account came to. */
export type CreateAccountOutcome =
  | { readonly kind: 'created'; readonly subject: Subject; readonly username: string }
  | AccountRefused
  | { readonly kind: 'refused'; readonly reason: AccountFault };

/** Create an account under a random subject. */
export class CreateAccount extends Command<CreateAccountOutcome> {
  constructor(
    readonly account: NewAccount,
    readonly attribution: Attribution,
    readonly project: ProjectId = DEFAULT_PROJECT,
  ) {
    super();
  }
}

/** Keeps password hash and profile in the vault, then creates the account and claims its user name. */
@CommandHandler(CreateAccount)
export class CreateAccountHandler implements ICommandHandler<CreateAccount> {
  constructor(
    private readonly ledger: Ledger,
    private readonly vault: Vault,
    private readonly passwords: Passwords,
    private readonly usernames: Usernames,
  ) {}

  /** Creates the account; refusals are values. */
  async execute(command: CreateAccount): Promise<CreateAccountOutcome> {
    const { account, project } = command;
    const named = this.usernames.keysOf(project, account.username);
    if (named === undefined) return { kind: 'refused', reason: 'username_invalid' };
    const fault = passwordFault(account.password) ?? profileFault(account);
    if (fault !== undefined) return { kind: 'refused', reason: fault };
    // Asked again in the decision; asked here so that a taken name costs no hash.
    const isTaken = await this.ledger.read((reader) =>
      named.keys.some((key) => reader.findKey(project, 'username', key) !== undefined),
    );
    if (isTaken) return { kind: 'refused', reason: 'username_taken' };

    const hash = await this.passwords.hash(account.password);
    return this.createWith(command, named, hash);
  }

  /** Leaves no person in the vault of whom it is known that there is no account in the end. */
  private async createWith(
    command: CreateAccount,
    named: UsernameKeys,
    hash: string,
  ): Promise<CreateAccountOutcome> {
    const subject = randomToken(16) as Subject;
    const credentialId = newUuid();
    const { email, emailVerified, name } = command.account;
    const { username } = named;
    let outcome: CreateAccountOutcome;
    try {
      await this.vault.putPasswordHash(credentialId, subject, hash);
      await this.vault.putProfile(subject, { username, email, emailVerified, name });
      outcome = await this.create(command, named, subject, credentialId);
    } catch (error) {
      if (await this.hasNoAccount(subject)) await this.vault.erase(subject);
      throw error;
    }
    if (outcome.kind !== 'created') await this.vault.erase(subject);
    return outcome;
  }

  /**
   * False also where that cannot be asked: the event may be there, and an account without its password
   * is of no use to anybody, while a sealed row that nothing names harms nobody.
   */
  private async hasNoAccount(subject: Subject): Promise<boolean> {
    try {
      return (await this.ledger.load('account', subject)) === undefined;
    } catch {
      return false;
    }
  }

  private create(
    { account, attribution, project }: CreateAccount,
    { username, keys }: UsernameKeys,
    subject: Subject,
    credentialId: string,
  ): Promise<CreateAccountOutcome> {
    return this.ledger.execute<'account', CreateAccountOutcome>({
      kind: 'account',
      streamId: streamIdOf('account', subject),
      project,
      attribution,
      decide: (stream) => {
        const isUsernameTaken = keys.some(
          (key) => stream.findKey(project, 'username', key) !== undefined,
        );
        const { events, outcome } = decideCreateAccount(
          stream.state,
          { credentialId, roles: account.roles, usernameDigest: keys[0] },
          { project: stream.find('project', project), isUsernameTaken },
        );
        if (outcome.kind === 'refused') return { events, outcome };
        return { events, outcome: { ...outcome, subject, username } };
      },
    });
  }
}
