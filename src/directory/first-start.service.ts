import { Inject, Injectable } from '@nestjs/common';
import { newUuid, randomToken } from '../config/random-identifiers.js';
import type { Settings } from '../config/settings.js';
import { SETTINGS } from '../config/settings.tokens.js';
import { DEFAULT_PROJECT } from '../domain/identifiers.js';
import { type Attribution, Ledger } from '../ledger/ledger.port.js';
import { CreateAccount, CreateAccountHandler } from './create-account.handler.js';
import { CreateProject, CreateProjectHandler } from './create-project.handler.js';
import { DirectoryReader } from './directory.reader.js';
import { SigningKeys } from './signing-keys.service.js';
import { statesOfKind } from './stream-states.reader.js';

/** The sign-in of the administrator that was just created, to be shown once. */
export interface FirstSignIn {
  readonly username: string;
  /** Absent when the settings named the password. */
  readonly generatedPassword?: string | undefined;
}

const USERNAME = 'admin';
const PASSWORD_BYTES = 18;

/**
 * Makes what every server needs before its first request: the project, a signing key, an
 * administrator. Every step looks before it does, so a start that was killed is completed by the next.
 */
@Injectable()
export class FirstStart {
  constructor(
    @Inject(SETTINGS) private readonly settings: Settings,
    private readonly ledger: Ledger,
    private readonly directory: DirectoryReader,
    private readonly createProject: CreateProjectHandler,
    private readonly createAccount: CreateAccountHandler,
    private readonly signingKeys: SigningKeys,
  ) {}

  /**
   * Completes the start. Answers with a sign-in only if it created the administrator just now; its
   * password is in no other place.
   */
  async complete(): Promise<FirstSignIn | undefined> {
    const attribution: Attribution = { actor: 'system', correlationId: newUuid() };
    await this.createProject.execute(new CreateProject(DEFAULT_PROJECT, attribution));
    await this.signingKeys.start(attribution);
    if (await this.hasAdministrator()) return undefined;
    return (
      (await this.createAdministrator(USERNAME, attribution)) ??
      // Somebody has that name who is no administrator.
      this.createAdministrator(`${USERNAME}-${randomToken(6).toLowerCase()}`, attribution)
    );
  }

  private async createAdministrator(
    username: string,
    attribution: Attribution,
  ): Promise<FirstSignIn | undefined> {
    const { adminPassword } = this.settings;
    const password = adminPassword ?? randomToken(PASSWORD_BYTES);
    const account = { username, password, roles: ['administrator'] } as const;
    const outcome = await this.createAccount.execute(new CreateAccount(account, attribution));
    if (outcome.kind === 'created') {
      return adminPassword === undefined ? { username, generatedPassword: password } : { username };
    }
    if (outcome.reason === 'username_taken') return undefined;
    throw new Error(`the first administrator cannot be created: ${outcome.reason}`);
  }

  private async hasAdministrator(): Promise<boolean> {
    const usual = await this.directory.accountByUsername(USERNAME);
    if (usual?.roles.includes('administrator') === true) return true;
    for await (const account of statesOfKind(this.ledger, 'account')) {
      if (account.roles.includes('administrator')) return true;
    }
    return false;
  }
}
