import type { Command } from 'commander';
import { RevokeFamily } from '../grants/revoke-family.command.js';
import { unknownFamily } from './family-show.js';
import { requireId } from './id-argument.js';
import { asOperator, type Operator } from './operator.js';
import { printJson, printLines } from './terminal.js';
import { verb } from './verb.js';

interface Options {
  readonly json?: boolean;
}

/** Ends a token family for an operator. */
export function familyRevokeVerb(): Command {
  return verb({
    name: 'revoke',
    summary: 'end a token family: its refresh tokens and its access tokens',
    details:
      'Resource servers that check access tokens only by signature accept them until they expire.',
    examples: ['token-ledger family revoke 01939f0a7c1b7d3e8a4f5b6c7d8e9f00'],
    json: '{ familyId, outcome: "revoked"|"already_revoked" }',
  })
    .argument('<family-id>')
    .action((familyId: string, options: Options) =>
      asOperator((operator) => revokeFamily(operator, familyId, options)),
    );
}

async function revokeFamily(operator: Operator, familyId: string, options: Options): Promise<void> {
  requireId('family', familyId);
  const { actor, correlationId } = operator.attribution;
  const outcome = await operator.execute(
    new RevokeFamily(
      familyId,
      { reason: 'operator_request', actor },
      { receivedAt: Date.now(), correlationId, origin: undefined },
    ),
  );
  if (outcome === 'unknown') throw unknownFamily();
  await operator.record('family.revoke', familyId);
  if (options.json === true) printJson({ familyId, outcome });
  else if (outcome === 'already_revoked') printLines('The family had ended already.');
  else printLines('The family has ended: none of its tokens is worth anything.');
}
