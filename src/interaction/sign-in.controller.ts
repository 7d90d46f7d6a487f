import { Controller, Get, Inject, Post, Req, Res } from '@nestjs/common';
import { CommandBus } from '@nestjs/cqrs';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { FailureLimits } from '../access/failure-limits.js';
import { KnownDevice } from '../access/known-device.js';
import { addressOf, requestContextOf } from '../access/request-context.js';
import { SessionCookie } from '../access/session-cookie.js';
import type { Settings } from '../config/settings.js';
import { SETTINGS } from '../config/settings.tokens.js';
import { SignIns } from '../directory/sign-ins.service.js';
import { type ProvenSignIn, StartSession } from '../directory/start-session.handler.js';
import { Usernames } from '../directory/usernames.js';
import { DEFAULT_PROJECT } from '../domain/identifiers.js';
import { type BoundForm, BrowserCookie } from './browser-cookie.service.js';
import { formFields, queryParameter } from './form-fields.js';
import { sendPage } from './page-reply.js';
import { signInPage, type SignInView } from './pages/pages.js';
import { parameter, type PendingRequest, PendingRequests } from './pending-request.service.js';

const PURPOSE = 'sign-in';
/** Counts attempts with what cannot be a user name. */
const IMPOSSIBLE_ACCOUNT = 'impossible';
const WRONG = 'The user name or the password is not right.';
const BUSY = 'Too many people are signing in at this moment. Please try again.';
const EXHAUSTED = 'There were too many attempts.';
const OTHER_BROWSER = 'Please sign in again: this page was made for another browser window.';

/** The sign-in page, and what its form sends. */
@Controller('sign-in')
export class SignInController {
  constructor(
    private readonly commands: CommandBus,
    private readonly pending: PendingRequests,
    private readonly signIns: SignIns,
    private readonly usernames: Usernames,
    private readonly limits: FailureLimits,
    private readonly knownDevice: KnownDevice,
    private readonly sessionCookie: SessionCookie,
    private readonly browserCookie: BrowserCookie,
    @Inject(SETTINGS) private readonly settings: Settings,
  ) {}

  /** Shows the page. */
  @Get()
  async show(@Req() request: FastifyRequest, @Res() reply: FastifyReply): Promise<void> {
    const pending = await this.pending.open(request, queryParameter(request, 'interaction'));
    if (pending === undefined) return this.pending.sendGone(reply);
    const username = parameter(pending.interaction, 'login_hint').slice(0, 128);
    return this.send(request, reply, pending, 200, username === '' ? {} : { username });
  }

  /** Signs in, or shows the page again and why. */
  @Post()
  async submit(@Req() request: FastifyRequest, @Res() reply: FastifyReply): Promise<void> {
    const fields = formFields(request);
    const pending = await this.pending.open(request, fields.get('interaction') ?? '');
    if (pending === undefined) return this.pending.sendGone(reply);
    const username = (fields.get('username') ?? '').slice(0, 128);
    const { cookie } = request.headers;
    if (!this.browserCookie.isBound(cookie, formOf(pending), fields.get('csrf') ?? '')) {
      return this.send(request, reply, pending, 403, { username, error: OTHER_BROWSER });
    }
    const { receivedAt } = requestContextOf(request);
    const keys = this.usernames.keysOf(DEFAULT_PROJECT, username)?.keys;
    const accountKey = keys?.[0] ?? IMPOSSIBLE_ACCOUNT;
    const device = this.knownDevice.deviceFor(cookie, accountKey, receivedAt);
    const outcome = await this.limits.signIn(
      {
        address: addressOf(request),
        accountKey,
        ...(device === undefined ? {} : { knownDevice: device }),
      },
      () => this.signIns.check(username, fields.get('password') ?? ''),
      ({ kind }) => kind === 'refused',
    );
    if (outcome.kind === 'proven') {
      return this.start(request, reply, pending, outcome.signIn, accountKey);
    }
    if (outcome.kind === 'exhausted') {
      const { retryAfterSeconds } = outcome;
      void reply.header('retry-after', String(retryAfterSeconds));
      const view = { username, error: EXHAUSTED, retryAfterSeconds };
      return this.send(request, reply, pending, 429, view);
    }
    return outcome.kind === 'busy'
      ? this.send(request, reply, pending, 503, { username, error: BUSY })
      : this.send(request, reply, pending, 401, { username, error: WRONG });
  }

  private async start(
    request: FastifyRequest,
    reply: FastifyReply,
    pending: PendingRequest,
    signIn: ProvenSignIn,
    accountKey: string,
  ): Promise<void> {
    const { cookie } = request.headers;
    const { correlationId, origin, receivedAt } = requestContextOf(request);
    const attribution = { actor: `account:${signIn.subject}`, correlationId, origin };
    const replaces = this.sessionCookie.sessionId(cookie);
    const outcome = await this.commands.execute(new StartSession(signIn, replaces, attribution));
    if (outcome.kind === 'refused') {
      return this.send(request, reply, pending, 401, { error: WRONG });
    }
    const { token, expiresAt, sessionId } = outcome;
    const headers = [
      this.sessionCookie.set({ token, expiresAt }, receivedAt),
      this.knownDevice.remember(cookie, accountKey, receivedAt),
    ];
    await reply
      .header('cache-control', 'no-store')
      .header('set-cookie', headers)
      .redirect(this.pending.resume(pending, { signedInSessionId: sessionId }), 303);
  }

  private async send(
    request: FastifyRequest,
    reply: FastifyReply,
    pending: PendingRequest,
    status: number,
    view: Partial<SignInView>,
  ): Promise<void> {
    const binding = this.browserCookie.bind(request.headers.cookie, formOf(pending));
    if (binding.setCookie !== undefined) void reply.header('set-cookie', binding.setCookie);
    const html = signInPage({
      clientName: pending.client.metadata.name,
      csrfToken: binding.csrfToken,
      interaction: pending.sealed,
      action: '/sign-in',
      issuerHost: new URL(this.settings.issuer).host,
      ...view,
    });
    const { formActions } = pending;
    await sendPage(reply, { html, status, secure: this.pending.secure, formActions });
  }
}

/** The form belongs to one browser and one request. */
function formOf({ sealed }: PendingRequest): BoundForm {
  return { purpose: PURPOSE, subject: sealed };
}
