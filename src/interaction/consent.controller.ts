import { Controller, Get, Inject, Post, Req, Res } from '@nestjs/common';
import { CommandBus } from '@nestjs/cqrs';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { requestContextOf } from '../access/request-context.js';
import { SessionCookie } from '../access/session-cookie.js';
import type { Settings } from '../config/settings.js';
import { SETTINGS } from '../config/settings.tokens.js';
import { DirectoryReader, type LiveSession } from '../directory/directory.reader.js';
import { GiveConsent } from '../directory/give-consent.handler.js';
import { ProfilesReader } from '../directory/profiles.reader.js';
import { familyPolicyFor } from '../domain/directory/family-policy.rules.js';
import { grantableScopes } from '../domain/directory/operator-scopes.rules.js';
import { judgeResources } from '../domain/directory/resource.rules.js';
import { parseScope } from '../domain/directory/scope.rules.js';
import { CsrfTokens } from '../tokens/csrf-token.js';
import { formFields, queryParameter } from './form-fields.js';
import { sendPage } from './page-reply.js';
import { durationWords } from './pages/duration-words.js';
import { type ConsentClient, consentPage } from './pages/pages.js';
import { hostOf } from './pages/safe-link.js';
import { describeScope } from './pages/scope-words.js';
import { parameter, type PendingRequest, PendingRequests } from './pending-request.service.js';

const PURPOSE = 'consent';

/** A request, and the person who is to decide on it. */
interface Deciding {
  readonly pending: PendingRequest;
  readonly live: LiveSession;
  readonly scope: readonly string[];
  readonly resources: readonly string[];
}

/** The consent page, and what its form sends. */
@Controller('consent')
export class ConsentController {
  constructor(
    private readonly commands: CommandBus,
    private readonly pending: PendingRequests,
    private readonly directory: DirectoryReader,
    private readonly profiles: ProfilesReader,
    private readonly sessionCookie: SessionCookie,
    private readonly csrfTokens: CsrfTokens,
    @Inject(SETTINGS) private readonly settings: Settings,
  ) {}

  /** Shows what the client asks for. */
  @Get()
  async show(@Req() request: FastifyRequest, @Res() reply: FastifyReply): Promise<void> {
    const deciding = await this.deciding(request, queryParameter(request, 'interaction'));
    if (deciding === undefined) return this.pending.sendGone(reply);
    const { pending } = deciding;
    const html = await this.page(deciding);
    const { formActions } = pending;
    await sendPage(reply, { html, secure: this.pending.secure, formActions });
  }

  /** Takes the decision back to the request. Anything but Allow denies. */
  @Post()
  async submit(@Req() request: FastifyRequest, @Res() reply: FastifyReply): Promise<void> {
    const fields = formFields(request);
    const deciding = await this.deciding(request, fields.get('interaction') ?? '');
    if (deciding === undefined) return this.pending.sendGone(reply);
    const { pending, live, scope, resources } = deciding;
    const { sessionId, subject } = live.session;
    if (!this.csrfTokens.verify(PURPOSE, bindingOf(deciding), fields.get('csrf') ?? '')) {
      return this.pending.sendGone(reply);
    }
    void reply.header('cache-control', 'no-store');
    if (fields.get('decision') !== 'allow') {
      return reply.redirect(this.pending.resume(pending, { consent: 'denied' }), 303);
    }
    const { correlationId, origin } = requestContextOf(request);
    const { consentId } = await this.commands.execute(
      new GiveConsent(
        { subject, clientId: pending.client.clientId, scope, resources },
        { actor: `account:${subject}`, correlationId, origin },
      ),
    );
    const consent = { sessionId, consentId };
    return reply.redirect(this.pending.resume(pending, { consent }), 303);
  }

  private async deciding(request: FastifyRequest, sealed: string): Promise<Deciding | undefined> {
    const pending = await this.pending.open(request, sealed);
    const sessionId = this.sessionCookie.sessionId(request.headers.cookie);
    if (pending === undefined || sessionId === undefined) return undefined;
    const { receivedAt } = requestContextOf(request);
    const live = await this.directory.liveSession(sessionId, receivedAt);
    if (live === undefined) return undefined;
    const asked = parseScope(parameter(pending.interaction, 'scope')) ?? [];
    const scope = grantableScopes(pending.client, live.account, asked);
    const resources = judgeResources(namedResources(pending), this.settings);
    if (resources === undefined || scope.length === 0) return undefined;
    return { pending, live, scope, resources };
  }

  private async page(deciding: Deciding): Promise<string> {
    const { pending, live, scope, resources } = deciding;
    const { client, redirectUri, sealed } = pending;
    const { subject } = live.session;
    const profile = await this.profiles.profile(subject);
    const offline = scope.includes('offline_access');
    const lifetime = offline
      ? familyPolicyFor(client, this.settings).absoluteLifetime
      : (client.metadata.policy.accessTokenLifetime ?? this.settings.accessTokenLifetime);
    const { clientUri } = client.metadata;
    const shown: ConsentClient = {
      name: client.metadata.name,
      verified: client.verified,
      host: hostOf(redirectUri),
      ...(clientUri === undefined ? {} : { uri: clientUri }),
    };
    return consentPage({
      client: shown,
      account: { displayName: profile?.name ?? profile?.username ?? 'you' },
      scopes: scope.map((one) => Object.assign({ scope: one }, describeScope(one))),
      resources,
      accessDuration: durationWords(Math.round(lifetime / 1000)),
      offline,
      csrfToken: this.csrfTokens.csrfToken(PURPOSE, bindingOf(deciding)),
      interaction: sealed,
      action: '/consent',
      switchAccountUrl: `/sign-in?interaction=${sealed}`,
    });
  }
}

/** The form belongs to one session and one request. */
function bindingOf({ live, pending }: Deciding): string {
  return `${live.session.sessionId} ${pending.sealed}`;
}

function namedResources({ interaction }: PendingRequest): string[] {
  const { resource = [] } = interaction.parameters;
  const audience = parameter(interaction, 'audience');
  return [resource, audience === '' ? [] : audience].flat();
}
