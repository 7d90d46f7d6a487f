import { type DynamicModule, Global, Module } from '@nestjs/common';
import { APP_FILTER } from '@nestjs/core';
import { CqrsModule } from '@nestjs/cqrs';
import { AccessModule } from './access/access.module.js';
import { AdminModule, RevocationsModule } from './admin/admin.module.js';
import { AuditModule, AuditQueriesModule } from './audit/audit.module.js';
import type { Resources } from './cli/resources.js';
import { SETTINGS } from './config/settings.tokens.js';
import { DirectoryModule } from './directory/directory.module.js';
import { GrantsModule } from './grants/grants.module.js';
import { TokenObserver } from './grants/token-observer.port.js';
import { InteractionModule } from './interaction/interaction.module.js';
import { Ledger } from './ledger/ledger.port.js';
import { Seals } from './ledger/seals.port.js';
import { StoredSeals } from './ledger/sealing/stored-seals.js';
import { HttpErrorFilter } from './oauth/http-error.filter.js';
import { OAuthModule } from './oauth/oauth.module.js';
import { OperationsModule } from './operations/operations.module.js';
import { ServiceWatch } from './operations/service-watch.js';
import { ReplayModule, ReplayQueriesModule } from './replay/replay.module.js';
import { CsrfTokens } from './tokens/csrf-token.js';
import { SealedTokens } from './tokens/sealed-token.js';
import type { Es256Signatures } from './tokens/es256-signatures.js';
import { SigningKeyRing } from './tokens/signing-key-ring.js';
import { TokenCodec } from './tokens/token-codec.js';
import { MASTER_KEYS } from './vault/vault.tokens.js';
import { Vault } from './vault/vault.port.js';
import { VerdictNotes } from './vault/verdict-notes.port.js';
import { ViewsReader } from './views/views.port.js';

/** What a service may be given; without it nobody is told of tokens, and each signature is made in place. */
interface ServiceParts {
  readonly tokenObserver?: TokenObserver;
  readonly signatures?: Es256Signatures | undefined;
}

/** What everything else is built on: the opened ledger, vault and keys. */
@Global()
@Module({})
export class ResourcesModule {
  /** Offers opened resources to every module. */
  static of(
    { settings, masterKeys, ledger, vault, sealReads, views }: Resources,
    { tokenObserver = { observed: () => undefined }, signatures }: ServiceParts,
  ): DynamicModule {
    const providers = [
      { provide: SETTINGS, useValue: settings },
      { provide: MASTER_KEYS, useValue: masterKeys },
      { provide: Ledger, useValue: ledger },
      { provide: Vault, useValue: vault },
      { provide: VerdictNotes, useValue: vault },
      { provide: ViewsReader, useValue: views },
      { provide: Seals, useValue: new StoredSeals(sealReads) },
      { provide: SigningKeyRing, useValue: new SigningKeyRing(signatures) },
      { provide: TokenCodec, useValue: new TokenCodec(masterKeys) },
      { provide: SealedTokens, useValue: new SealedTokens(masterKeys) },
      { provide: TokenObserver, useValue: tokenObserver },
      { provide: CsrfTokens, useValue: new CsrfTokens(masterKeys) },
    ];
    return { module: ResourcesModule, providers, exports: providers };
  }
}

/** The write side without any door: what the command line works with. */
@Module({})
export class ServiceModule {
  /** The service on opened resources. */
  static of(resources: Resources, parts: ServiceParts = {}): DynamicModule {
    return {
      module: ServiceModule,
      imports: [
        ResourcesModule.of(resources, parts),
        CqrsModule.forRoot(),
        DirectoryModule,
        GrantsModule,
        AuditQueriesModule,
        ReplayQueriesModule,
        RevocationsModule,
      ],
      exports: [DirectoryModule, GrantsModule],
    };
  }
}

/** The whole server: the service with its HTTP doors. */
@Module({})
export class AppModule {
  /** The server on opened resources; what happens is told to `watch`. */
  static of(
    resources: Resources,
    watch = new ServiceWatch(),
    signatures?: Es256Signatures,
  ): DynamicModule {
    return {
      module: AppModule,
      imports: [
        ServiceModule.of(resources, { tokenObserver: watch.metrics, signatures }),
        AccessModule,
        AdminModule,
        AuditModule,
        InteractionModule,
        OAuthModule,
        OperationsModule.of(watch),
        ReplayModule,
      ],
      providers: [{ provide: APP_FILTER, useClass: HttpErrorFilter }],
    };
  }
}
