import { Controller, Get, Post, Req, Res } from '@nestjs/common';
import { CommandBus } from '@nestjs/cqrs';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { requestContextOf } from '../access/request-context.js';
import { SessionCookie } from '../access/session-cookie.js';
import { DirectoryReader, type LiveSession } from '../directory/directory.reader.js';
import { EndSession } from '../directory/end-session.handler.js';
import { ProfilesReader } from '../directory/profiles.reader.js';
import { CsrfTokens } from '../tokens/csrf-token.js';
import { formFields } from './form-fields.js';
import { sendPage } from './page-reply.js';
import { messagePage, signOutPage } from './pages/pages.js';
import { PendingRequests } from './pending-request.service.js';

const PURPOSE = 'sign-out';
const SIGNED_OUT = messagePage({
  title: 'You are signed out',
  message: 'Applications that you allowed to keep access while you are away keep it.',
});
const STAYED = messagePage({ title: 'You are still signed in', message: 'Nothing has changed.' });

/** The sign-out page (OIDC RP-Initiated Logout, 2): it asks, as anybody can send a browser here. */
@Controller('oauth/logout')
export class SignOutController {
  constructor(
    private readonly commands: CommandBus,
    private readonly pending: PendingRequests,
    private readonly directory: DirectoryReader,
    private readonly profiles: ProfilesReader,
    private readonly sessionCookie: SessionCookie,
    private readonly csrfTokens: CsrfTokens,
  ) {}

  /** Asks whether to sign out. */
  @Get()
  async show(@Req() request: FastifyRequest, @Res() reply: FastifyReply): Promise<void> {
    const live = await this.live(request);
    if (live === undefined) return this.send(reply, SIGNED_OUT);
    const { sessionId, subject } = live.session;
    const profile = await this.profiles.profile(subject);
    const displayName = profile?.name ?? profile?.username;
    const html = signOutPage({
      csrfToken: this.csrfTokens.csrfToken(PURPOSE, sessionId),
      action: '/oauth/logout',
      ...(displayName === undefined ? {} : { displayName }),
    });
    return this.send(reply, html);
  }

  /** Ends the session. A post that is not our own form's asks first. */
  @Post()
  async submit(@Req() request: FastifyRequest, @Res() reply: FastifyReply): Promise<void> {
    const fields = formFields(request);
    const live = await this.live(request);
    if (live === undefined) return this.send(reply, SIGNED_OUT);
    const { sessionId, subject } = live.session;
    if (!this.csrfTokens.verify(PURPOSE, sessionId, fields.get('csrf') ?? '')) {
      return this.show(request, reply);
    }
    if (fields.get('decision') !== 'sign_out') return this.send(reply, STAYED);
    const { correlationId, origin } = requestContextOf(request);
    const attribution = { actor: `account:${subject}`, correlationId, origin };
    await this.commands.execute(new EndSession(sessionId, 'signed_out', attribution));
    void reply.header('set-cookie', this.sessionCookie.remove());
    return this.send(reply, SIGNED_OUT);
  }

  private async live(request: FastifyRequest): Promise<LiveSession | undefined> {
    const sessionId = this.sessionCookie.sessionId(request.headers.cookie);
    if (sessionId === undefined) return undefined;
    return this.directory.liveSession(sessionId, requestContextOf(request).receivedAt);
  }

  private send(reply: FastifyReply, html: string): Promise<void> {
    return sendPage(reply, { html, secure: this.pending.secure });
  }
}
