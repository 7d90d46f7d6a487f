import type { CommandBus } from '@nestjs/cqrs';
import { VoidTokens, type VoidableKind } from '../directory/void-tokens.handler.js';
import type { RevocationSelector } from '../domain/events/revocation.events.js';
import type { RevocationTerms } from '../domain/revocation/revocation.state.js';
import type { Attribution } from '../ledger/ledger.port.js';

const markedKinds: Readonly<Partial<Record<RevocationSelector['kind'], VoidableKind>>> = {
  client: 'client',
  subject: 'account',
  signing_key: 'signing_key',
};

/** Voids what a revocation is about as a whole; done again, it changes nothing. */
export async function setMark(
  commands: CommandBus,
  { selector, tokensNotBefore }: RevocationTerms,
  attribution: Attribution,
): Promise<void> {
  const kind = markedKinds[selector.kind];
  if (tokensNotBefore === undefined || kind === undefined) return;
  await commands.execute(new VoidTokens(kind, selector.id, tokensNotBefore, attribution));
}
