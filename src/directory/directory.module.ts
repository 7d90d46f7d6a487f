import { Module } from '@nestjs/common';
import { Passwords } from '../vault/passwords.js';
import { AddressRanges } from './address-ranges.service.js';
import { ActivateSigningKeyHandler } from './activate-signing-key.handler.js';
import { ChangePasswordHandler } from './change-password.handler.js';
import { ClientSecrets } from './client-secrets.js';
import { CreateAccountHandler } from './create-account.handler.js';
import { CreateProjectHandler } from './create-project.handler.js';
import { CreateSigningKeyHandler } from './create-signing-key.handler.js';
import { DirectoryReader } from './directory.reader.js';
import { DisableAccountHandler } from './disable-account.handler.js';
import { DisableClientHandler } from './disable-client.handler.js';
import { EndSessionHandler } from './end-session.handler.js';
import { EraseAccountHandler } from './erase-account.handler.js';
import { FirstStart } from './first-start.service.js';
import { GiveConsentHandler } from './give-consent.handler.js';
import { InitialAccessToken } from './initial-access-token.service.js';
import { ProfilesReader } from './profiles.reader.js';
import { RecordAdministrationHandler } from './record-administration.handler.js';
import { RegisterClientHandler } from './register-client.handler.js';
import { RetireSigningKeyHandler } from './retire-signing-key.handler.js';
import { RotateClientSecretHandler } from './rotate-client-secret.handler.js';
import { SignIns } from './sign-ins.service.js';
import { SignOutEverywhereHandler } from './sign-out-everywhere.handler.js';
import { SignedRecords } from './signed-records.service.js';
import { SigningKeys } from './signing-keys.service.js';
import { StartSessionHandler } from './start-session.handler.js';
import { UpdateClientHandler } from './update-client.handler.js';
import { Usernames } from './usernames.js';
import { VoidTokensHandler } from './void-tokens.handler.js';

/**
 * The write side on clients, accounts, projects, keys, sessions and consents, and their lookups.
 * Needs global modules: CqrsModule, and one with `Ledger`, `Vault`, `SigningKeyRing`, `TokenCodec`,
 * SETTINGS and MASTER_KEYS.
 */
@Module({
  providers: [
    ActivateSigningKeyHandler,
    AddressRanges,
    ChangePasswordHandler,
    ClientSecrets,
    CreateAccountHandler,
    CreateProjectHandler,
    CreateSigningKeyHandler,
    DirectoryReader,
    DisableAccountHandler,
    DisableClientHandler,
    EndSessionHandler,
    EraseAccountHandler,
    FirstStart,
    GiveConsentHandler,
    InitialAccessToken,
    { provide: Passwords, useFactory: () => new Passwords() },
    ProfilesReader,
    RecordAdministrationHandler,
    RegisterClientHandler,
    RetireSigningKeyHandler,
    RotateClientSecretHandler,
    SignIns,
    SignOutEverywhereHandler,
    SignedRecords,
    SigningKeys,
    StartSessionHandler,
    UpdateClientHandler,
    Usernames,
    VoidTokensHandler,
  ],
  exports: [
    AddressRanges,
    ClientSecrets,
    DirectoryReader,
    FirstStart,
    InitialAccessToken,
    ProfilesReader,
    SignIns,
    SignedRecords,
    SigningKeys,
    Usernames,
  ],
})
export class DirectoryModule {}
