import { streamPages } from '../access/event-pages.js';
import type { AccessTokenFacts } from '../domain/events/field-schemas.js';
import {
  DEFAULT_PROJECT,
  type Position,
  type StreamKind,
  streamIdOf,
} from '../domain/identifiers.js';
import {
  type AskedOfFamily,
  familyAfter,
  familyBefore,
  type FamilyCourse,
} from '../domain/investigation/family-course.rules.js';
import {
  type Course,
  courseAfter,
  courseBefore,
  type Watches,
} from '../domain/investigation/stream-course.rules.js';
import {
  type AccountGround,
  accountWatches,
  type ClientGround,
  clientWatches,
  type FamilyGround,
  PROJECT_WATCHES,
  SESSION_WATCHES,
  type SigningKeyGround,
  signingKeyWatches,
} from '../domain/investigation/validity-ending.rules.js';
import {
  CLIENT_TOKEN_WATCHES,
  type ClientTokenGround,
} from '../domain/investigation/validity.rules.js';
import { tokenIn } from '../domain/revocation/reach.rules.js';
import { signedInAt } from '../domain/token-family/family.decision.js';
import type { Ledger } from '../ledger/ledger.port.js';

/** Reads what validity depends on, up to a position: a page of each stream at a time. */
export class ValidityGrounds {
  constructor(
    private readonly ledger: Ledger,
    private readonly upTo: Position,
  ) {}

  /** All that a client depends on, and what was given to it at an instant. */
  async ofClient(clientId: string | undefined, givenAt?: number): Promise<ClientGround> {
    return {
      client: await this.course('client', clientId, clientWatches(givenAt)),
      project: await this.project(),
    };
  }

  /** All that an account depends on, and what began with a sign-in of it at an instant. */
  async ofAccount(subject: string | undefined, signedIn?: number): Promise<AccountGround> {
    return {
      account: await this.account(subject, signedIn),
      project: await this.project(),
    };
  }

  /** All that a family depends on, and one of its tokens. */
  async ofFamily(familyId: string, asked: AskedOfFamily): Promise<FamilyGround> {
    const family = await this.family(familyId, asked);
    const { state } = family;
    const session = await this.course('session', state?.sessionId, SESSION_WATCHES);
    const rootId = session.state?.rootSessionId;
    return {
      family,
      session,
      rootSession: await this.course('session', rootId, SESSION_WATCHES),
      ...(await this.ofSigningKey(family.minted)),
      ...(await this.ofClient(state?.clientId, state?.grantedAt)),
      // The project is the client's already: its stream is walked once.
      account: await this.account(state?.subject, state && signedInAt(state)),
    };
  }

  /** All that a client's own token depends on. */
  async ofClientToken(tokenId: string): Promise<ClientTokenGround> {
    const clientToken = await this.course('client_token', tokenId, CLIENT_TOKEN_WATCHES);
    const { clientId, issuedAt } = clientToken.state ?? {};
    const facts = await this.clientTokenFacts(tokenId);
    return {
      clientToken,
      ...(await this.ofClient(clientId, issuedAt)),
      ...(await this.ofSigningKey(facts)),
    };
  }

  private async ofSigningKey(
    token: Pick<AccessTokenFacts, 'signingKeyId' | 'issuedAt'> | undefined,
  ): Promise<SigningKeyGround> {
    const watches = signingKeyWatches(token?.issuedAt);
    return { signingKey: await this.course('signing_key', token?.signingKeyId, watches) };
  }

  private async clientTokenFacts(tokenId: string): Promise<AccessTokenFacts | undefined> {
    for await (const page of this.pages('client_token', tokenId)) {
      for (const event of page) {
        const facts = tokenIn(event);
        if (facts !== undefined) return facts;
      }
    }
    return undefined;
  }

  private account(subject?: string, signedIn?: number): Promise<AccountGround['account']> {
    return this.course('account', subject, accountWatches(signedIn));
  }

  private project(): Promise<ClientGround['project']> {
    return this.course('project', DEFAULT_PROJECT, PROJECT_WATCHES);
  }

  private async family(familyId: string, asked: AskedOfFamily): Promise<FamilyCourse> {
    let course = familyBefore(asked);
    for await (const page of this.pages('family', familyId)) {
      for (const event of page) course = familyAfter(asked, course, event);
    }
    return course;
  }

  private async course<Kind extends StreamKind, Name extends string>(
    kind: Kind,
    id: string | undefined,
    watches: Watches<Kind, Name>,
  ): Promise<Course<Kind, Name>> {
    let course = courseBefore<Kind, Name>(watches);
    if (id === undefined) return course;
    for await (const page of this.pages(kind, id)) {
      for (const event of page) course = courseAfter(kind, watches, course, event);
    }
    return course;
  }

  private pages(kind: StreamKind, id: string): ReturnType<typeof streamPages> {
    return streamPages(this.ledger, streamIdOf(kind, id), { after: null, upTo: this.upTo });
  }
}
