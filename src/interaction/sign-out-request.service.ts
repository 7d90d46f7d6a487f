import { Injectable } from '@nestjs/common';
import type { FastifyRequest } from 'fastify';
import { z } from 'zod';
import { AccessTokenStatuses } from '../access/access-token-status.js';
import { formBodyOf, queryOf } from '../access/posted-form.js';
import { redirectLocation } from '../access/redirect-location.js';
import { requestContextOf } from '../access/request-context.js';
import { DirectoryReader } from '../directory/directory.reader.js';
import type { ClientState } from '../domain/directory/directory.state.js';
import { isRegisteredPostLogoutUri } from '../domain/directory/redirect-uri.rules.js';
import type { Instant } from '../domain/identifiers.js';
import { SealedTokens } from '../tokens/sealed-token.js';

const PURPOSE = 'sign-out';
const LIFETIME = 600_000;
const STATE_CHARACTERS_MAX = 1024;
const PARAMETERS = ['id_token_hint', 'client_id', 'post_logout_redirect_uri', 'state'] as const;

const signOutTerms = z.object({
  clientId: z.string(),
  /** Whether the client showed an ID token that we issued to it. */
  isHinted: z.boolean(),
  /** The session that the client's ID token was issued in; null when it showed none. */
  sessionId: z.string().nullable(),
  redirectUri: z.string().nullable(),
  state: z.string().max(STATE_CHARACTERS_MAX).nullable(),
});
type SignOutTerms = Readonly<z.infer<typeof signOutTerms>>;

/** An application's wish to sign a person out. */
export interface SignOutRequest {
  readonly terms: SignOutTerms;
  readonly client: ClientState;
  /** Where the browser goes on afterwards; undefined: it stays on our page. */
  readonly returnTo: string | undefined;
  /**
   * Whether the browser may go there without its person being asked: who registered itself and shows no
   * ID token could be anybody (OIDC RP-Initiated Logout, 3).
   */
  readonly returnsUnasked: boolean;
}

/**
 * Reads what an application asks for when it sends a browser to sign out (OIDC RP-Initiated Logout, 2),
 * and carries it through the sign-out page, sealed.
 */
@Injectable()
export class SignOutRequests {
  constructor(
    private readonly directory: DirectoryReader,
    private readonly sealed: SealedTokens,
    private readonly statuses: AccessTokenStatuses,
  ) {}

  /**
   * The request of a query or a posted form. Undefined when none is made, and when anything is wrong
   * with it: then nothing of it counts, and nobody is sent anywhere.
   */
  async read(request: FastifyRequest): Promise<SignOutRequest | undefined> {
    const text = request.method === 'POST' ? formBodyOf(request)?.toString() : queryOf(request);
    const parameters = new URLSearchParams(text);
    if (PARAMETERS.some((name) => parameters.getAll(name).length > 1)) return undefined;
    const [hintText, clientId, redirectUri, state] = PARAMETERS.map((name) => {
      const value = parameters.get(name);
      return value === '' ? null : value;
    });
    const wanted = { redirectUri, state };
    if (!hintText) return this.judge({ clientId, isHinted: false, sessionId: null, ...wanted });
    const hint = await this.statuses.readIdToken(hintText);
    if (hint === undefined || (clientId && clientId !== hint.aud)) return undefined;
    const sessionId = hint['sid'] ?? null;
    return this.judge({ clientId: hint.aud, isHinted: true, sessionId, ...wanted });
  }

  /** The request that was sealed less than ten minutes ago; undefined for anything else. */
  open(text: string, now: Instant): Promise<SignOutRequest | undefined> {
    return this.judge(this.sealed.unseal(PURPOSE, text, now));
  }

  /** Seals a request, if there is one. */
  seal(asked: SignOutRequest | undefined, request: FastifyRequest): string {
    if (asked === undefined) return '';
    return this.sealed.seal(PURPOSE, asked.terms, requestContextOf(request).receivedAt + LIFETIME);
  }

  private async judge(wanted: unknown): Promise<SignOutRequest | undefined> {
    const terms = signOutTerms.safeParse(wanted).data;
    if (terms === undefined) return undefined;
    const client = await this.directory.client(terms.clientId);
    if (client?.status !== 'active') return undefined;
    const { redirectUri, state } = terms;
    const returnsUnasked = terms.isHinted || client.verified;
    if (redirectUri === null) return { terms, client, returnTo: undefined, returnsUnasked };
    if (!isRegisteredPostLogoutUri(client.metadata, redirectUri)) return undefined;
    const answer = state === null ? {} : { state };
    return { terms, client, returnTo: redirectLocation(redirectUri, answer), returnsUnasked };
  }
}
