import { Injectable } from '@nestjs/common';
import { keyThatSigns } from '../domain/directory/signing-key.rules.js';
import type { StreamKind } from '../domain/identifiers.js';
import { type Execution, Ledger, type StateReader } from '../ledger/ledger.port.js';
import { type JwtSigner, SigningKeyRing } from '../tokens/signing-key-ring.js';

/** A decision that is durable, and what its tokens are minted with. */
export interface MintableDecision<Outcome> {
  readonly outcome: Outcome;
  /** The ledger's epoch at the decision. */
  readonly epoch: number;
  /** Has the keys that the decision could name, whatever became of them since. */
  readonly signer: JwtSigner;
}

/** The ledger lets none of the private keys at hand sign. */
class NoSigningKey extends Error {}

/** Lets decisions name only keys that may sign, as their own transaction has it. */
@Injectable()
export class TokenSigning {
  constructor(
    private readonly ledger: Ledger,
    private readonly ring: SigningKeyRing,
  ) {}

  /** Whether a token can be signed with this key: it is at hand, and active in this transaction. */
  canSign(reader: StateReader, keyId: string): boolean {
    return this.ring.canSign(keyId) && reader.find('signing_key', keyId)?.status === 'active';
  }

  /** The key that a token is signed with. What it throws where there is none, `execute` takes care of. */
  signingKeyId(reader: StateReader): string {
    const keyId = keyThatSigns(
      this.ring.signableKeyIds.map((id) => reader.find('signing_key', id)),
    );
    if (keyId === undefined) throw new NoSigningKey('there is no active signing key');
    return keyId;
  }

  /**
   * Executes a decision that may issue an access token. When another process has retired every key
   * at hand, it decides once more with those that the ledger has now.
   */
  async execute<Kind extends StreamKind, Outcome>(
    execution: Execution<Kind, Outcome>,
  ): Promise<MintableDecision<Outcome>> {
    try {
      return await this.decided(execution);
    } catch (error) {
      if (!(error instanceof NoSigningKey)) throw error;
    }
    await this.ring.refill();
    return this.decided(execution);
  }

  private decided<Kind extends StreamKind, Outcome>(
    execution: Execution<Kind, Outcome>,
  ): Promise<MintableDecision<Outcome>> {
    const { kind, streamId, project, attribution } = execution;
    return this.ledger.execute<Kind, MintableDecision<Outcome>>({
      kind,
      streamId,
      project,
      attribution,
      decide: (stream) => {
        const { events, outcome, companions, actor } = execution.decide(stream);
        const signer = this.ring.asOfNow();
        const mintable = { outcome, epoch: stream.epoch, signer };
        return { events, outcome: mintable, companions, actor };
      },
    });
  }
}
