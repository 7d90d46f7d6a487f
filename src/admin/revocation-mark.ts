import type { CommandBus } from '@nestjs/cqrs';
import { VoidTokens } from '../directory/void-tokens.handler.js';
import type { RevocationTerms } from '../domain/revocation/revocation.state.js';
import type { Attribution } from '../ledger/ledger.port.js';

/** Voids what a revocation is about as a whole; done again, it changes nothing. */
export async function setMark(
  commands: CommandBus,
  { selector, tokensNotBefore }: RevocationTerms,
  attribution: Attribution,
): Promise<void> {
  if (tokensNotBefore === undefined) return;
  const kind = selector.kind === 'client' ? 'client' : 'account';
  await commands.execute(new VoidTokens(kind, selector.id, tokensNotBefore, attribution));
}
