import { Controller, Get, Inject, Post, Req, Res } from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { ErrorPage } from '../access/error-page.port.js';
import { type Interaction, InteractionTokens } from '../access/interaction-token.js';
import { redirectLocation } from '../access/redirect-location.js';
import { requestContextOf } from '../access/request-context.js';
import { securityHeaders } from '../access/security-headers.js';
import { SessionCookie } from '../access/session-cookie.js';
import type { Settings } from '../config/settings.js';
import { SETTINGS } from '../config/settings.tokens.js';
import { DirectoryReader } from '../directory/directory.reader.js';
import { Authorizations } from './authorization.service.js';
import {
  readAuthorizationRequest,
  type RedirectTarget,
  redirectTargetOf,
} from './authorization-request.js';
import { queryParameters, readForm } from './form-body.js';
import { OAuthError } from './oauth.error.js';
import { Parameters } from './parameters.js';

/** How many bytes a request's parameters may have in all: they travel in URLs. */
const REQUEST_BYTES_MAX = 6000;

/** The authorization endpoint (RFC 6749, 3.1), by GET and POST. */
@Controller('oauth/authorize')
export class AuthorizeController {
  constructor(
    private readonly authorizations: Authorizations,
    private readonly directory: DirectoryReader,
    private readonly interactions: InteractionTokens,
    private readonly cookie: SessionCookie,
    private readonly errorPage: ErrorPage,
    @Inject(SETTINGS) private readonly settings: Settings,
  ) {}

  /** Takes a request, or one that comes back from sign-in or consent, to its next step. */
  @Get()
  async get(@Req() request: FastifyRequest, @Res() reply: FastifyReply): Promise<void> {
    await this.showingErrors(request, reply, async () => {
      const interaction = this.interactionOf(queryParameters(request), request);
      const parameters = Parameters.of(interaction.parameters);
      const client = await this.directory.client(parameters.get('client_id') ?? '');
      const target = redirectTargetOf(parameters, client);
      return this.answer(request, parameters, interaction, target);
    });
  }

  /** A posted request goes on by GET, so that the session's cookie comes with it (SameSite=Lax). */
  @Post()
  async post(@Req() request: FastifyRequest, @Res() reply: FastifyReply): Promise<void> {
    await this.showingErrors(request, reply, async () =>
      this.resume('/oauth/authorize', this.interactionOf(readForm(request), request)),
    );
  }

  private async answer(
    request: FastifyRequest,
    parameters: Parameters,
    interaction: Interaction,
    target: RedirectTarget,
  ): Promise<string> {
    const state = parameters.get('state');
    try {
      const wanted = readAuthorizationRequest(parameters, target, this.settings);
      const sessionId = this.cookie.sessionId(request.headers.cookie);
      const context = requestContextOf(request);
      const step = await this.authorizations.advance(wanted, { sessionId, interaction, context });
      if (step.kind === 'sign_in') return this.resume('/sign-in', interaction);
      if (step.kind === 'consent') return this.resume('/consent', interaction);
      return this.redirect(target, { code: step.code, state });
    } catch (error) {
      if (!(error instanceof OAuthError)) throw error;
      const { error: code, description } = error;
      return this.redirect(target, { error: code, error_description: description, state });
    }
  }

  private interactionOf(parameters: Parameters, request: FastifyRequest): Interaction {
    const { receivedAt } = requestContextOf(request);
    const sealed = parameters.get('interaction');
    if (sealed !== undefined) {
      const interaction = this.interactions.unseal(sealed, receivedAt);
      if (interaction !== undefined) return interaction;
      const description = 'this sign-in took too long; go back to the application and start again';
      throw new OAuthError('invalid_request', description);
    }
    const record = parameters.toRecord();
    if (Buffer.byteLength(JSON.stringify(record)) > REQUEST_BYTES_MAX) {
      throw new OAuthError('invalid_request', 'the request is too long');
    }
    return { parameters: record, startedAt: receivedAt };
  }

  private resume(path: string, interaction: Interaction): string {
    return `${path}?interaction=${this.interactions.seal(interaction)}`;
  }

  /** RFC 9207: every answer names its issuer. */
  private redirect(
    { redirectUri }: RedirectTarget,
    answer: Readonly<Record<string, string | undefined>>,
  ): string {
    return redirectLocation(redirectUri, { ...answer, iss: this.settings.issuer });
  }

  private async showingErrors(
    request: FastifyRequest,
    reply: FastifyReply,
    locate: () => Promise<string>,
  ): Promise<void> {
    void reply.header('cache-control', 'no-store').header('referrer-policy', 'no-referrer');
    try {
      await reply.redirect(await locate(), 303);
    } catch (error) {
      if (!(error instanceof OAuthError)) throw error;
      const page = this.errorPage.render({
        title: 'This request cannot be completed',
        message: error.sentence,
        errorCode: error.error,
        requestId: request.id,
      });
      const secure = this.settings.issuer.startsWith('https:');
      await reply
        .status(error.status)
        .headers(securityHeaders({ secure }))
        .type('text/html; charset=utf-8')
        .send(page);
    }
  }
}
