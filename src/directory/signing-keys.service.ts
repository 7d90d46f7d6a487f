import { Injectable, Logger, type OnModuleDestroy } from '@nestjs/common';
import type { JSONWebKeySet } from 'jose';
import { newUuid } from '../config/random-identifiers.js';
import type { SigningKeyState } from '../domain/directory/directory.state.js';
import {
  decideActivateSigningKey,
  decideCreateSigningKey,
  decideRetireSigningKey,
  type SigningKeyRefused,
} from '../domain/directory/signing-key.decider.js';
import { keyThatSigns } from '../domain/directory/signing-key.rules.js';
import { DEFAULT_PROJECT, type ProjectId, streamIdOf } from '../domain/identifiers.js';
import { type Attribution, Ledger } from '../ledger/ledger.port.js';
import { generateSigningKey, SigningKeyRing } from '../tokens/signing-key-ring.js';
import { VaultError } from '../vault/vault.errors.js';
import { Vault } from '../vault/vault.port.js';
import { SparingLook } from './sparing-look.js';
import { statesOfKind } from './stream-states.reader.js';

/** What making a signing key came to. */
export type CreateSigningKeyOutcome =
  { readonly kind: 'created'; readonly keyId: string } | SigningKeyRefused;

/** What activating a signing key came to. */
export type ActivateSigningKeyOutcome =
  { readonly kind: 'activated' | 'already_active' } | SigningKeyRefused;

/** What retiring a signing key came to. */
export type RetireSigningKeyOutcome =
  { readonly kind: 'retired' | 'already_retired' } | SigningKeyRefused;

interface Asked {
  readonly attribution: Attribution;
  readonly project: ProjectId;
}

/** How often keys that another process made or activated are looked for, in milliseconds. */
const LOOK_INTERVAL = 15_000;
/** How often a request may cause a look, in milliseconds: key ids are attacker-controlled, and keys public. */
const ASKED_INTERVAL = 1000;
/** A store that does not answer keeps the known keys from nobody for longer, in milliseconds. */
const PUBLISHING_PATIENCE = 1000;

/** Keeps the ring of signing keys as the ledger says, whoever changed it. */
@Injectable()
export class SigningKeys implements OnModuleDestroy {
  private readonly logger = new Logger(SigningKeys.name);
  private readonly statuses = new Map<string, SigningKeyState['status']>();
  private loading: Promise<void> = Promise.resolve();
  /** Two of them: whoever asks for the keys must not keep unknown ones from being looked for, nor the other way. */
  private readonly forUnknown = new SparingLook(() => this.look(), { interval: ASKED_INTERVAL });
  private readonly forPublishing = new SparingLook(() => this.look(), {
    interval: ASKED_INTERVAL,
    patience: PUBLISHING_PATIENCE,
  });
  private timer: NodeJS.Timeout | undefined;

  constructor(
    private readonly ledger: Ledger,
    private readonly vault: Vault,
    private readonly ring: SigningKeyRing,
  ) {
    ring.filledBy(() => this.load());
  }

  /** Fills the ring, makes and activates the first key where none signs yet, and keeps looking. */
  async start(attribution: Attribution, project: ProjectId = DEFAULT_PROJECT): Promise<void> {
    await this.load();
    if (this.ring.activeKeyId === undefined) {
      await this.create({ activate: true, attribution, project });
    }
    this.timer ??= setInterval(() => void this.look(), LOOK_INTERVAL).unref();
  }

  /** Takes over every change of the ledger's signing keys. Throws a VaultError when the active one is lost. */
  load(): Promise<void> {
    this.loading = this.loading.catch(() => undefined).then(() => this.takeOver());
    return this.loading;
  }

  /** Whether the key verifies; one that is not known yet is looked for, at most once a second. */
  async verifies(keyId: string): Promise<boolean> {
    if (this.ring.verificationKey(keyId) !== undefined) return true;
    await this.forUnknown.again();
    return this.ring.verificationKey(keyId) !== undefined;
  }

  /** The public key set, with keys that another process made; these are looked for at most once a second. */
  async published(): Promise<JSONWebKeySet> {
    await this.forPublishing.again();
    return this.ring.jwks();
  }

  /** Makes an ES256 key: private part into the vault, then public part into the ledger. */
  async create(asked: Asked & { readonly activate: boolean }): Promise<CreateSigningKeyOutcome> {
    const { attribution, project, activate } = asked;
    const { keyId, algorithm, publicJwk, privateKey } = await generateSigningKey();
    const vaultId = newUuid();
    await this.vault.putPrivateKey(vaultId, privateKey);
    const created = { algorithm, publicJwk, vaultId, activate };
    const outcome = await this.ledger.execute<'signing_key', CreateSigningKeyOutcome>({
      kind: 'signing_key',
      streamId: streamIdOf('signing_key', keyId),
      project,
      attribution,
      decide: ({ state }) => {
        const { events, outcome } = decideCreateSigningKey(state, created);
        return { events, outcome: outcome.kind === 'refused' ? outcome : { ...outcome, keyId } };
      },
    });
    await this.load();
    return outcome;
  }

  /**
   * Lets a published key sign; of several active keys the youngest signs. Throws a VaultError when its
   * private part is lost, and then leaves it as it is.
   */
  async activate(asked: Asked & { readonly keyId: string }): Promise<ActivateSigningKeyOutcome> {
    const { attribution, project, keyId } = asked;
    const known = await this.ledger.load('signing_key', keyId);
    if (known !== undefined && (await this.vault.privateKey(known.vaultId)) === undefined) {
      throw new VaultError(`the vault has lost the private key of the signing key ${keyId}`);
    }
    const outcome = await this.ledger.execute<'signing_key', ActivateSigningKeyOutcome>({
      kind: 'signing_key',
      streamId: streamIdOf('signing_key', keyId),
      project,
      attribution,
      decide: ({ state }) => decideActivateSigningKey(state),
    });
    await this.load();
    return outcome;
  }

  /** Lets a key sign nothing any more. The one that new tokens are signed with is refused. */
  async retire(asked: Asked & { readonly keyId: string }): Promise<RetireSigningKeyOutcome> {
    const { attribution, project, keyId } = asked;
    const keyIds: string[] = [];
    for await (const key of statesOfKind(this.ledger, 'signing_key')) keyIds.push(key.keyId);
    const outcome = await this.ledger.execute<'signing_key', RetireSigningKeyOutcome>({
      kind: 'signing_key',
      streamId: streamIdOf('signing_key', keyId),
      project,
      attribution,
      decide: (stream) => {
        // As they are in this transaction: another process may be activating or retiring one.
        const keys = keyIds.flatMap((id) => stream.find('signing_key', id) ?? []);
        return decideRetireSigningKey(stream.state, keyThatSigns(keys));
      },
    });
    await this.load();
    return outcome;
  }

  /** Stops looking. */
  onModuleDestroy(): void {
    clearInterval(this.timer);
    this.timer = undefined;
  }

  private async look(): Promise<void> {
    try {
      await this.load();
    } catch (error) {
      this.logger.error('signing keys could not be read', error);
    }
  }

  private async takeOver(): Promise<void> {
    for await (const state of statesOfKind(this.ledger, 'signing_key')) await this.put(state);
    const { activeKeyId } = this.ring;
    if (activeKeyId !== undefined && !this.ring.canSign(activeKeyId)) {
      throw new VaultError(
        `the vault has lost the private key of the active signing key ${activeKeyId}`,
      );
    }
  }

  private async put(state: SigningKeyState): Promise<void> {
    if (this.statuses.get(state.keyId) === state.status) return;
    const isNeeded = state.status !== 'retired' && !this.ring.canSign(state.keyId);
    const pkcs8 = isNeeded ? await this.vault.privateKey(state.vaultId) : undefined;
    this.ring.put(state, pkcs8);
    this.statuses.set(state.keyId, state.status);
  }
}
