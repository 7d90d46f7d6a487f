import type { Command } from 'commander';
import { RevocationRunner } from '../admin/revocation.runner.js';
import { RevocationSets } from '../admin/revocation-set.reader.js';
import { StartRevocation } from '../admin/start-revocation.command.js';
import { asOperator, type Operator } from './operator.js';
import {
  position,
  revocationRefused,
  selectorIn,
  type SelectorOptions,
  withSelectorOptions,
} from './revocation-options.js';
import { REVOCATION_JSON, tellRevocation } from './revocation-show.js';
import { verb } from './verb.js';

interface Options extends SelectorOptions {
  readonly position: number;
  readonly json?: boolean;
}

/** Views that are behind the ledger are given so long to follow, in milliseconds. */
const VIEWS_WAIT_MAX = 2000;

/** Ends all families that a selector finds. */
export function revocationStartVerb(): Command {
  const command = verb({
    name: 'start',
    summary: 'end every token family that a preview told of, and nothing else',
    details: `Runs until all of them have ended. Cut short, it goes on when the same is asked for again, and when the server
starts. Resource servers that check access tokens only by signature accept them until they expire.`,
    examples: [
      'token-ledger revocation start --client u3Yv0mSx1QbN7cKpT5dZEg --position 1204',
      'token-ledger revocation start --account ana --position 1204 --json | jq -r .record',
    ],
    json: REVOCATION_JSON,
  });
  return withSelectorOptions(command)
    .requiredOption('--position <n>', 'the position of the preview', position)
    .action((options: Options) => asOperator((operator) => startRevocation(operator, options)));
}

async function startRevocation(operator: Operator, options: Options): Promise<void> {
  const selector = await selectorIn(operator, options);
  const command = new StartRevocation(selector, options.position, operator.attribution);
  const outcome = await operator.execute(command);
  if (outcome.kind === 'refused') throw revocationRefused(outcome.reason);
  const { id, state } = outcome;
  await operator.record('revocation.start', id);
  const isFollowed = await operator
    .get(RevocationSets)
    .followed(state.terms.position, VIEWS_WAIT_MAX);
  if (!isFollowed) throw revocationRefused('views_behind');
  const done = await operator.get(RevocationRunner).run(id);
  await tellRevocation(operator, id, done, options);
}
