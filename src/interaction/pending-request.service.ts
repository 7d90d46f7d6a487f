import { Inject, Injectable } from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { type Interaction, InteractionTokens } from '../access/interaction-token.js';
import { requestContextOf } from '../access/request-context.js';
import { formActionOf } from '../access/security-headers.js';
import type { Settings } from '../config/settings.js';
import { SETTINGS } from '../config/settings.tokens.js';
import { DirectoryReader } from '../directory/directory.reader.js';
import type { ClientState } from '../domain/directory/directory.state.js';
import { isRegisteredRedirectUri } from '../domain/directory/redirect-uri.rules.js';
import { sendPage } from './page-reply.js';
import { messagePage } from './pages/pages.js';

/** An authorization request that waits for its person. */
export interface PendingRequest {
  readonly interaction: Interaction;
  readonly sealed: string;
  readonly client: ClientState;
  readonly redirectUri: string;
  /** For the pages' security headers: what their forms may lead to. */
  readonly formActions: readonly string[];
}

/** Opens the sealed requests that sign-in and consent are about. */
@Injectable()
export class PendingRequests {
  readonly secure: boolean;

  constructor(
    private readonly interactions: InteractionTokens,
    private readonly directory: DirectoryReader,
    @Inject(SETTINGS) settings: Pick<Settings, 'issuer'>,
  ) {
    this.secure = settings.issuer.startsWith('https:');
  }

  /** The request; undefined when it was not sealed here, is too old, or its client is gone. */
  async open(request: FastifyRequest, sealed: string): Promise<PendingRequest | undefined> {
    const { receivedAt } = requestContextOf(request);
    const interaction = this.interactions.unseal(sealed, receivedAt);
    if (interaction === undefined) return undefined;
    const client = await this.directory.client(parameter(interaction, 'client_id'));
    const redirectUri = parameter(interaction, 'redirect_uri');
    if (client === undefined || !isRegisteredRedirectUri(client.metadata, redirectUri)) {
      return undefined;
    }
    return {
      interaction,
      sealed,
      client,
      redirectUri,
      formActions: formActionsOf(redirectUri),
    };
  }

  /** Where the request goes on, with what the person just did. */
  resume(pending: PendingRequest, done: Partial<Interaction>): string {
    return `/oauth/authorize?interaction=${this.interactions.seal({ ...pending.interaction, ...done })}`;
  }

  /** Says that there is no such request any more. */
  async sendGone(reply: FastifyReply): Promise<void> {
    const html = messagePage({
      title: 'This page is no longer valid',
      message:
        'It was open for too long, or was used already. Go back to the application and start again.',
    });
    await sendPage(reply, { html, status: 400, secure: this.secure });
  }
}

/**
 * What the forms of a page may lead to when the answer redirects to this URI. A browser may hold every
 * redirect after a form against the policy of its page (CSP 3, 6.4.2), those of the client too: an
 * application that answers its callback by sending the browser on to its other host would be stuck on
 * our page if only its redirect URI was named.
 */
export function formActionsOf(redirectUri: string): string[] {
  switch (new URL(redirectUri).protocol) {
    case 'https:':
      return ['https:'];
    case 'http:':
      return [formActionOf(redirectUri), 'http://localhost:*', 'http://127.0.0.1:*', 'https:'];
    default:
      return [formActionOf(redirectUri)];
  }
}

/** A parameter of the authorization request, as it came. */
export function parameter({ parameters }: Interaction, name: string): string {
  const value = parameters[name];
  return typeof value === 'string' ? value : (value?.[0] ?? '');
}
