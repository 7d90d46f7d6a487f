import { newUuid } from '../../src/config/random-identifiers.js';
import { decideStartSession } from '../../src/domain/directory/session.decider.js';
import { DEFAULT_PROJECT, streamIdOf } from '../../src/domain/identifiers.js';
import type { IssueGrantOutcome } from '../../src/grants/issue-grant.command.js';
import type { Ledger } from '../../src/ledger/ledger.port.js';

/** The code of a grant that was issued. */
export function codeOf(outcome: IssueGrantOutcome): string {
  if (outcome.kind === 'refused') throw new Error(outcome.reason);
  return outcome.code;
}

/** The id of a session that this person has from now on, as if just signed in; lives for a day. */
export async function liveSession(ledger: Ledger, subject: string): Promise<string> {
  const sessionId = newUuid();
  await ledger.execute({
    kind: 'session',
    streamId: streamIdOf('session', sessionId),
    project: DEFAULT_PROJECT,
    attribution: { actor: `account:${subject}`, correlationId: newUuid() },
    decide: (stream) => {
      const account = stream.find('account', subject);
      const credentialId = account?.credentialId ?? '';
      const command = { amr: ['pwd'], lifetime: 86_400_000, credentialId };
      const ground = { account, before: undefined };
      return decideStartSession(stream.state, command, ground, stream.recordedAt);
    },
  });
  return sessionId;
}
