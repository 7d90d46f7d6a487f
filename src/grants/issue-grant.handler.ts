import { CommandHandler, type ICommandHandler } from '@nestjs/cqrs';
import { newFamilyId } from '../config/random-identifiers.js';
import { DEFAULT_PROJECT, streamIdOf } from '../domain/identifiers.js';
import { decideIssueGrant } from '../domain/token-family/authorization-code.decider.js';
import { Ledger } from '../ledger/ledger.port.js';
import { FamilyContexts } from './family-contexts.service.js';
import { IssueGrant, type IssueGrantOutcome } from './issue-grant.command.js';
import { TokenMinter } from './token-minter.service.js';

/** Begins a token family and makes its authorization code. */
@CommandHandler(IssueGrant)
export class IssueGrantHandler implements ICommandHandler<IssueGrant> {
  constructor(
    private readonly ledger: Ledger,
    private readonly contexts: FamilyContexts,
    private readonly minter: TokenMinter,
  ) {}

  async execute({ terms, request }: IssueGrant): Promise<IssueGrantOutcome> {
    const familyId = newFamilyId();
    const { outcome, keyId, epoch } = await this.ledger.execute({
      kind: 'family',
      streamId: streamIdOf('family', familyId),
      project: DEFAULT_PROJECT,
      attribution: {
        ...this.contexts.attribution(request),
        actor: `account:${terms.subject}`,
      },
      decide: (stream) => {
        const context = this.contexts.of(stream, terms.caller, request, terms);
        const decision = decideIssueGrant(stream.state, terms, context);
        const { outcome } = decision;
        return {
          ...decision,
          outcome: { outcome, keyId: context.refreshKeyId, epoch: stream.epoch },
        };
      },
    });
    if (outcome.kind === 'refused') return outcome;
    return { kind: 'granted', code: this.minter.authorizationCode(familyId, keyId, epoch) };
  }
}
