import { hash } from 'node:crypto';
import { CommandBus, CommandHandler, type ICommandHandler } from '@nestjs/cqrs';
import { AddressRanges } from '../directory/address-ranges.service.js';
import { canonicalJson } from '../domain/canonical-json.js';
import { DEFAULT_PROJECT, streamIdOf } from '../domain/identifiers.js';
import { decideStartRevocation } from '../domain/revocation/revocation.decider.js';
import { markOf } from '../domain/revocation/tokens-not-before.rules.js';
import { Ledger } from '../ledger/ledger.port.js';
import { setMark } from './revocation-mark.js';
import { RevocationOrders } from './revocation-order.reader.js';
import type { RevocationOrder } from './revocation-set.reader.js';
import {
  type RevocationNotStarted,
  type RevocationStarted,
  StartRevocation,
} from './start-revocation.command.js';

/** Starts revocations: the set is written down, and then what it is about is marked. */
@CommandHandler(StartRevocation)
export class StartRevocationHandler implements ICommandHandler<StartRevocation> {
  constructor(
    private readonly ledger: Ledger,
    private readonly orders: RevocationOrders,
    private readonly commands: CommandBus,
    private readonly ranges: AddressRanges,
  ) {}

  /** Answers when the mark is durable; families end afterwards. Asked again, it is the same one. */
  async execute({
    selector: asked,
    position,
    attribution,
  }: StartRevocation): Promise<RevocationStarted | RevocationNotStarted> {
    const order = this.orders.orderOf(asked, position);
    const id = revocationIdOf(order);
    const before = await this.ledger.load('revocation', id);
    if (before !== undefined) {
      await setMark(this.commands, before.terms, attribution);
      return { kind: 'already_started', id, state: before };
    }
    const set = await this.orders.setOf(order);
    if (typeof set === 'string') return { kind: 'refused', reason: set };
    const { selector, range } = order;
    if (range !== undefined) await this.ranges.keep(id, range);
    const terms = {
      selector,
      position,
      families: set.families.length,
      clientTokens: set.clientTokens.length,
      setDigest: set.setDigest,
      tokensNotBefore: markOf(selector, set.foundAt),
      actor: attribution.actor,
    };
    const kind = await this.ledger.execute({
      kind: 'revocation',
      streamId: streamIdOf('revocation', id),
      project: DEFAULT_PROJECT,
      attribution,
      decide: (stream) => decideStartRevocation(stream.state, terms),
    });
    await setMark(this.commands, terms, attribution);
    const state = await this.ledger.load('revocation', id);
    if (state === undefined) throw new Error('a revocation was started and is not there');
    return { kind, id, state };
  }
}

/** The same selector at the same position is the same revocation. */
function revocationIdOf({ selector, position }: RevocationOrder): string {
  return hash('sha256', canonicalJson({ selector, position }), 'hex').slice(0, 32);
}
