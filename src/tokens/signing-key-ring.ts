import { createPrivateKey, createPublicKey, generateKeyPair, type KeyObject } from 'node:crypto';
import { promisify } from 'node:util';
import type { JSONWebKeySet, JWK } from 'jose';
import { calculateJwkThumbprint } from 'jose/jwk/thumbprint';
import type { JsonValue } from '../domain/canonical-json.js';
import type { SigningKeyState } from '../domain/directory/directory.state.js';
import { keyThatSigns } from '../domain/directory/signing-key.rules.js';
import { type Es256Signatures, signaturesInPlace } from './es256-signatures.js';

/** A signing key that was just made: its public part for the ledger, its private part for the vault. */
export interface GeneratedSigningKey {
  /** The RFC 7638 thumbprint of the public key. */
  readonly keyId: string;
  readonly algorithm: 'ES256';
  /** `kty`, `crv`, `x` and `y` (RFC 7518, 6.2.1). */
  readonly publicJwk: Readonly<Record<string, string>>;
  /** PKCS #8 DER. */
  readonly privateKey: Buffer;
}

/** What can be said in a JWT. */
export type JwtClaims = Readonly<Record<string, JsonValue | undefined>>;

/** Signs JWTs with the keys of a ring. */
export interface JwtSigner {
  /**
   * A compact JWS (RFC 7515, 7.1) over the claims, signed with ES256. `alg` and `kid` are added to
   * the header. Members that are undefined are left out. Rejected when the key cannot sign.
   */
  signJwt(header: { readonly typ: string }, payload: JwtClaims, keyId: string): Promise<string>;
}

interface RingKey {
  readonly state: SigningKeyState;
  readonly publicKey: KeyObject;
  readonly privateKey: KeyObject | undefined;
}

/** Makes an ES256 key pair (P-256); its key id is the RFC 7638 thumbprint. */
export async function generateSigningKey(): Promise<GeneratedSigningKey> {
  const pair = await promisify(generateKeyPair)('ec', { namedCurve: 'P-256' });
  const { crv, x, y } = pair.publicKey.export({ format: 'jwk' });
  if (crv === undefined || x === undefined || y === undefined) {
    throw new Error('the generated key is not an elliptic-curve key');
  }
  const publicJwk = { kty: 'EC', crv, x, y };
  return {
    keyId: await calculateJwkThumbprint(publicJwk),
    algorithm: 'ES256',
    publicJwk,
    privateKey: pair.privateKey.export({ format: 'der', type: 'pkcs8' }),
  };
}

/** The signing keys of a project by key id: one of them is active, all of them verify. */
export class SigningKeyRing implements JwtSigner {
  /** Never changed but replaced, so that whoever signs with what it was keeps all of it. */
  private keys: ReadonlyMap<string, RingKey> = new Map();
  private readonly headers = new Map<string, string>();
  private active: string | undefined;
  private signable: readonly string[] = [];
  private source: () => Promise<void> = () => Promise.resolve();

  constructor(private readonly signatures: Es256Signatures = signaturesInPlace) {}

  /** Says where the ring is filled from: what takes over all that the ledger says of signing keys. */
  filledBy(source: () => Promise<void>): void {
    this.source = source;
  }

  /** Takes over now what the ledger says: for whoever lacks a key that was made since. */
  refill(): Promise<void> {
    return this.source();
  }

  /**
   * Adds a key, or takes over its new state. A private key (PKCS #8 DER) may be left out when it is
   * known already or only verification is wanted, and is dropped when the key is retired. Throws when
   * it does not belong to the public key.
   */
  put(state: SigningKeyState, pkcs8?: Buffer): void {
    const privateKey =
      pkcs8 === undefined
        ? this.keys.get(state.keyId)?.privateKey
        : createPrivateKey({ key: pkcs8, format: 'der', type: 'pkcs8' });
    const publicKey = createPublicKey({ key: { ...state.publicJwk }, format: 'jwk' });
    if (privateKey !== undefined && !createPublicKey(privateKey).equals(publicKey)) {
      throw new Error(`the private key kept for signing key ${state.keyId} belongs to another`);
    }
    const kept = state.status === 'retired' ? undefined : privateKey;
    const key = { state, publicKey, privateKey: kept };
    this.replace(new Map([...this.keys, [state.keyId, key]]));
  }

  /** Forgets a key: tokens signed with it verify no more. */
  remove(keyId: string): void {
    const keys = new Map(this.keys);
    keys.delete(keyId);
    this.replace(keys);
  }

  /** Whether the ring can sign with this key. */
  canSign(keyId: string): boolean {
    return this.keys.get(keyId)?.privateKey !== undefined;
  }

  /** The keys that the ring can sign with. */
  get signableKeyIds(): readonly string[] {
    return this.signable;
  }

  /** The key that new tokens are signed with, the youngest active one; undefined: there is none. */
  get activeKeyId(): string | undefined {
    return this.active;
  }

  /** Signs with a key as the ring has it now. */
  signJwt(header: { readonly typ: string }, payload: JwtClaims, keyId: string): Promise<string> {
    return this.asOfNow().signJwt(header, payload, keyId);
  }

  /** Signs as the ring can now, whatever it drops later: for what is decided now and minted after. */
  asOfNow(): JwtSigner {
    const { keys } = this;
    return {
      signJwt: (header, payload, keyId) =>
        this.signed(keys.get(keyId)?.privateKey, header, payload, keyId),
    };
  }

  private replace(keys: ReadonlyMap<string, RingKey>): void {
    this.keys = keys;
    this.active = signingKeyOf(keys);
    this.signable = [...keys.keys()].filter((keyId) => this.canSign(keyId));
  }

  private async signed(
    key: KeyObject | undefined,
    header: { readonly typ: string },
    payload: JwtClaims,
    keyId: string,
  ): Promise<string> {
    if (key === undefined) throw new Error(`signing key ${keyId} has no private key here`);
    const content = `${this.protectedHeader(header.typ, keyId)}.${encodeJson(payload)}`;
    const signature = await this.signatures.sign(content, key);
    return `${content}.${signature.toString('base64url')}`;
  }

  /** There are as many as keys and types of token, and every token has one of them. */
  private protectedHeader(typ: string, keyId: string): string {
    const name = `${typ} ${keyId}`;
    const kept = this.headers.get(name);
    if (kept !== undefined) return kept;
    const header = encodeJson({ alg: 'ES256', typ, kid: keyId });
    this.headers.set(name, header);
    return header;
  }

  /** The public key set (RFC 7517, 5): published, active and retired keys, without private members. */
  jwks(): JSONWebKeySet {
    return { keys: [...this.keys.values()].map(publicJwk) };
  }

  /** The public key of that id; undefined when the ring does not hold it. */
  verificationKey(keyId: string): KeyObject | undefined {
    return this.keys.get(keyId)?.publicKey;
  }
}

function signingKeyOf(keys: ReadonlyMap<string, RingKey>): string | undefined {
  return keyThatSigns([...keys.values()].map(({ state }) => state));
}

function publicJwk({ state, publicKey }: RingKey): JWK {
  const { kty, crv, x, y } = publicKey.export({ format: 'jwk' }) as JWK & { kty: string };
  return { kty, crv, x, y, kid: state.keyId, alg: state.algorithm, use: 'sig' } as JWK;
}

function encodeJson(value: object): string {
  return Buffer.from(JSON.stringify(value), 'utf8').toString('base64url');
}
