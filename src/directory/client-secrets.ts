import { hash, timingSafeEqual } from 'node:crypto';
import { Injectable } from '@nestjs/common';
import { newUuid, randomToken } from '../config/random-identifiers.js';
import type { ClientState } from '../domain/directory/directory.state.js';
import type { ClientId } from '../domain/identifiers.js';
import { Vault } from '../vault/vault.port.js';

const SECRET_BYTES = 32;
const SECRET_CHARACTERS_MAX = 512;

/** A secret that was just made: shown once, and kept only as its digest. */
export interface NewClientSecret {
  /** The vault's name of the digest. */
  readonly secretId: string;
  /** 256 bits as base64url. */
  readonly secret: string;
}

/** Makes client secrets and tells which of them was presented (RFC 6749, 2.3.1). */
@Injectable()
export class ClientSecrets {
  constructor(private readonly vault: Vault) {}

  /** Makes a secret of 256 bits. Its digest is in the vault when this answers. */
  async make(clientId: ClientId): Promise<NewClientSecret> {
    const secret = randomToken(SECRET_BYTES);
    const secretId = newUuid();
    await this.vault.putSecretDigest(secretId, clientId, digestOf(secret));
    return { secretId, secret };
  }

  /**
   * The vault's name of the client's current or previous secret, if it is the one presented. Whether
   * the previous one still counts is decided with the request. Compares in constant time.
   */
  async provenSecretId(client: ClientState, presentedSecret: string): Promise<string | undefined> {
    if (presentedSecret.length > SECRET_CHARACTERS_MAX) return undefined;
    const presented = digestOf(presentedSecret);
    let proven: string | undefined;
    for (const secretId of [client.secretId, client.previousSecret?.secretId]) {
      if (secretId === undefined) continue;
      const digest = await this.vault.secretDigest(secretId);
      const isThisOne = digest !== undefined && timingSafeEqual(digest, presented);
      if (isThisOne) proven ??= secretId;
    }
    return proven;
  }
}

function digestOf(secret: string): Buffer {
  return hash('sha256', secret, 'buffer');
}
