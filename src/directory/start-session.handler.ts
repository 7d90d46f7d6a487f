import { Inject } from '@nestjs/common';
import { Command, CommandHandler, type ICommandHandler } from '@nestjs/cqrs';
import { newFamilyId } from '../config/random-identifiers.js';
import type { Settings } from '../config/settings.js';
import { SETTINGS } from '../config/settings.tokens.js';
import {
  decideStartSession,
  type SessionRefused,
  sessionsSupersededBy,
  type SessionStarted,
  type SupersededSessions,
  withRoot,
} from '../domain/directory/session.decider.js';
import {
  DEFAULT_PROJECT,
  type ProjectId,
  streamIdOf,
  type Subject,
} from '../domain/identifiers.js';
import { type Attribution, Ledger } from '../ledger/ledger.port.js';
import { TokenCodec } from '../tokens/token-codec.js';
import type { MasterKeys } from '../vault/master-keys.port.js';
import { MASTER_KEYS } from '../vault/vault.tokens.js';
import { endOneSession } from './end-session.handler.js';

/** A session that has begun. */
interface BegunSession extends SessionStarted {
  /** 128 bits as 32 lower-case hexadecimal digits. */
  readonly sessionId: string;
  /** For the cookie: it names the session and cannot be forged. Secret. */
  readonly token: string;
}

/** What starting a session came to. */
export type StartSessionOutcome = BegunSession | SessionRefused;

type Decided = (BegunSession & { readonly superseded: SupersededSessions }) | SessionRefused;

/** Whose sign-in was proven, and how. */
export interface ProvenSignIn {
  readonly subject: Subject;
  /** The password that was proven. */
  readonly credentialId: string;
  /** RFC 8176, such as `pwd`. */
  readonly amr: readonly string[];
}

/** Start a session under a new id, in place of the one this browser had. */
export class StartSession extends Command<StartSessionOutcome> {
  constructor(
    readonly signIn: ProvenSignIn,
    /** The session of the cookie that came with the sign-in, if it was genuine. */
    readonly replaces: string | undefined,
    readonly attribution: Attribution,
    readonly project: ProjectId = DEFAULT_PROJECT,
  ) {
    super();
  }
}

/** Starts the session, then ends the one it replaces, and what has to end with that. */
@CommandHandler(StartSession)
export class StartSessionHandler implements ICommandHandler<StartSession> {
  constructor(
    private readonly ledger: Ledger,
    private readonly codec: TokenCodec,
    @Inject(SETTINGS) private readonly settings: Settings,
    @Inject(MASTER_KEYS) private readonly masterKeys: MasterKeys,
  ) {}

  /** Starts the session; refusals are values. */
  async execute(command: StartSession): Promise<StartSessionOutcome> {
    const { signIn, replaces, attribution, project } = command;
    const sessionId = newFamilyId();
    const lifetime = this.settings.sessionLifetime;
    const decided = await this.ledger.execute<'session', Decided>({
      kind: 'session',
      streamId: streamIdOf('session', sessionId),
      project,
      attribution,
      decide: (stream) => {
        const find = (id: string) => stream.find('session', id);
        const before = replaces === undefined ? undefined : withRoot(find(replaces), find);
        const { events, outcome } = decideStartSession(
          stream.state,
          { amr: signIn.amr, credentialId: signIn.credentialId, lifetime, replaces },
          { account: stream.find('account', signIn.subject), before },
          stream.recordedAt,
        );
        if (outcome.kind === 'refused') return { events, outcome };
        const superseded = sessionsSupersededBy(signIn.subject, before);
        const token = this.tokenOf(sessionId, stream.epoch);
        return { events, outcome: { ...outcome, sessionId, token, superseded } };
      },
    });
    if (decided.kind === 'refused') return decided;
    const { superseded, ...begun } = decided;
    const end = { reason: superseded.reason, attribution, project };
    for (const one of superseded.sessionIds) await endOneSession(this.ledger, one, end);
    return begun;
  }

  private tokenOf(sessionId: string, epoch: number): string {
    const keyId = this.masterKeys.activeKeyId;
    return this.codec.encode({ kind: 'session', keyId, epoch, log: 0, id: sessionId, number: 0 });
  }
}
