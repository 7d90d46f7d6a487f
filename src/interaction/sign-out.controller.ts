import { Controller, Get, Post, Req, Res } from '@nestjs/common';
import { CommandBus } from '@nestjs/cqrs';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { requestContextOf } from '../access/request-context.js';
import { SessionCookie } from '../access/session-cookie.js';
import { DirectoryReader, type LiveSession } from '../directory/directory.reader.js';
import { EndSession } from '../directory/end-session.handler.js';
import { ProfilesReader } from '../directory/profiles.reader.js';
import { CsrfTokens } from '../tokens/csrf-token.js';
import { formFields, queryParameter } from './form-fields.js';
import { sendPage } from './page-reply.js';
import { messagePage, signOutPage, type SignOutView } from './pages/pages.js';
import { hostOf } from './pages/safe-link.js';
import { formActionsOf, PendingRequests } from './pending-request.service.js';
import { type SignOutRequest, SignOutRequests } from './sign-out-request.service.js';

const PATH = '/oauth/logout';
const PURPOSE = 'sign-out';
const SIGNED_OUT = {
  title: 'You are signed out',
  message: 'Applications that you allowed to keep access while you are away keep it.',
};
const STAYED = messagePage({ title: 'You are still signed in', message: 'Nothing has changed.' });

/**
 * Where applications send browsers to sign out (OIDC RP-Initiated Logout, 2). An application that shows
 * the ID token of the session need not ask; everybody else can send a browser here too, so the page does.
 */
@Controller('oauth/logout')
export class SignOutController {
  constructor(
    private readonly commands: CommandBus,
    private readonly pending: PendingRequests,
    private readonly requests: SignOutRequests,
    private readonly directory: DirectoryReader,
    private readonly profiles: ProfilesReader,
    private readonly sessionCookie: SessionCookie,
    private readonly csrfTokens: CsrfTokens,
  ) {}

  /** Signs out, or asks whether to. */
  @Get()
  async show(@Req() request: FastifyRequest, @Res() reply: FastifyReply): Promise<void> {
    const { receivedAt } = requestContextOf(request);
    const sealed = queryParameter(request, 'interaction');
    const asked =
      sealed === ''
        ? await this.requests.read(request)
        : await this.requests.open(sealed, receivedAt);
    const live = await this.live(request);
    if (live === undefined) return this.leave(reply, asked);
    const sessionId = asked?.terms.sessionId;
    const isMeant =
      typeof sessionId === 'string' && (await this.directory.endsWith(live.session, sessionId));
    return isMeant ? this.end(request, reply, live, asked) : this.ask(request, reply, live, asked);
  }

  /**
   * Takes the decision of our own form. What another site posts goes on by GET, so that the session's
   * cookie comes with it (SameSite=Lax).
   */
  @Post()
  async submit(@Req() request: FastifyRequest, @Res() reply: FastifyReply): Promise<void> {
    const fields = formFields(request);
    const csrfToken = fields.get('csrf');
    if (csrfToken === undefined) {
      const sealed = this.requests.seal(await this.requests.read(request), request);
      return this.redirect(reply, sealed === '' ? PATH : `${PATH}?interaction=${sealed}`);
    }
    const sealed = fields.get('interaction') ?? '';
    const asked = await this.requests.open(sealed, requestContextOf(request).receivedAt);
    const live = await this.live(request);
    if (live === undefined) return this.leave(reply, asked);
    if (!this.csrfTokens.verify(PURPOSE, bindingOf(live, sealed), csrfToken)) {
      return this.ask(request, reply, live, asked);
    }
    if (fields.get('decision') !== 'sign_out') return this.send(reply, STAYED);
    return this.end(request, reply, live, asked);
  }

  private async live(request: FastifyRequest): Promise<LiveSession | undefined> {
    const sessionId = this.sessionCookie.sessionId(request.headers.cookie);
    if (sessionId === undefined) return undefined;
    return this.directory.liveSession(sessionId, requestContextOf(request).receivedAt);
  }

  private async ask(
    request: FastifyRequest,
    reply: FastifyReply,
    live: LiveSession,
    asked: SignOutRequest | undefined,
  ): Promise<void> {
    const profile = await this.profiles.profile(live.session.subject);
    const displayName = profile?.name ?? profile?.username;
    const interaction = this.requests.seal(asked, request);
    const html = signOutPage({
      csrfToken: this.csrfTokens.csrfToken(PURPOSE, bindingOf(live, interaction)),
      interaction,
      action: PATH,
      ...(displayName === undefined ? {} : { displayName }),
      ...(asked === undefined ? {} : askerOf(asked)),
    });
    return this.send(reply, html, asked?.returnsUnasked === true ? asked.returnTo : undefined);
  }

  private async end(
    request: FastifyRequest,
    reply: FastifyReply,
    { session }: LiveSession,
    asked: SignOutRequest | undefined,
  ): Promise<void> {
    const { correlationId, origin } = requestContextOf(request);
    const attribution = { actor: `account:${session.subject}`, correlationId, origin };
    await this.commands.execute(new EndSession(session.sessionId, 'signed_out', attribution));
    void reply.header('set-cookie', this.sessionCookie.remove());
    return this.leave(reply, asked);
  }

  private leave(reply: FastifyReply, asked: SignOutRequest | undefined): Promise<void> {
    if (asked?.returnTo === undefined) return this.send(reply, messagePage(SIGNED_OUT));
    const { returnTo, returnsUnasked, client } = asked;
    if (returnsUnasked) return this.redirect(reply, returnTo);
    const link = { href: returnTo, label: `Continue to ${hostOf(returnTo)}` };
    return this.send(
      reply,
      messagePage({ ...SIGNED_OUT, link, unverifiedName: client.metadata.name }),
    );
  }

  /** The URL of the request may hold an ID token: where the browser goes it is not told. */
  private async redirect(reply: FastifyReply, location: string): Promise<void> {
    const headers = { 'cache-control': 'no-store', 'referrer-policy': 'no-referrer' };
    await reply.headers(headers).redirect(location, 303);
  }

  private send(reply: FastifyReply, html: string, leadsTo?: string): Promise<void> {
    const formActions = leadsTo === undefined ? [] : formActionsOf(leadsTo);
    return sendPage(reply, { html, secure: this.pending.secure, formActions });
  }
}

/** Who asks to sign out, and where it leads on to. */
function askerOf({ client, returnTo }: SignOutRequest): Pick<SignOutView, 'client' | 'returnsTo'> {
  const { metadata, verified } = client;
  return {
    client: { name: metadata.name, verified },
    ...(returnTo === undefined ? {} : { returnsTo: hostOf(returnTo) }),
  };
}

/** The form belongs to one session and one request. */
function bindingOf({ session }: LiveSession, sealed: string): string {
  return `${session.sessionId} ${sealed}`;
}
