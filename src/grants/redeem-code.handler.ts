import { hash } from 'node:crypto';
import { CommandHandler, type ICommandHandler } from '@nestjs/cqrs';
import { decideRedeemCode } from '../domain/token-family/authorization-code.decider.js';
import { FamilyPresentations } from './family-presentation.service.js';
import { RedeemCode } from './redeem-code.command.js';
import type { TokenOutcome } from './token-answer.js';

/** RFC 7636, 4.1. */
const VERIFIER = /^[A-Za-z0-9._~-]{43,128}$/;

/** Answers a presented authorization code. */
@CommandHandler(RedeemCode)
export class RedeemCodeHandler implements ICommandHandler<RedeemCode> {
  constructor(private readonly presentations: FamilyPresentations) {}

  execute(command: RedeemCode): Promise<TokenOutcome> {
    const { code, caller, request, redirectUri, codeVerifier = '', asked } = command;
    const verifierChallenge = VERIFIER.test(codeVerifier)
      ? hash('sha256', codeVerifier, 'base64url')
      : undefined;
    return this.presentations.present({
      kind: 'code',
      text: code,
      caller,
      request,
      decide: (state, presented, context) =>
        decideRedeemCode(
          state,
          { ...asked, presented, caller, redirectUri, verifierChallenge },
          context,
        ),
    });
  }
}
