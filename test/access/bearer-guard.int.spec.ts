import { describe, expect, it } from '@jest/globals';
import { Controller, Get, Module, UseGuards } from '@nestjs/common';
import { FastifyAdapter, type NestFastifyApplication } from '@nestjs/platform-fastify';
import { AccessModule } from '../../src/access/access.module.js';
import type { ActiveAccessToken } from '../../src/access/access-token-status.js';
import { Bearer, BearerGuard, bearerOf, RequireScopes } from '../../src/access/bearer.guard.js';
import { ProblemDetailsFilter } from '../../src/access/problem-details.js';
import { FirstStart } from '../../src/directory/first-start.service.js';
import { createAccount, directories } from '../directory/opened-directory.js';
import { clientToken, grantedToken, registered } from './granted-access.js';

const { open } = directories();

/** A door of each kind. */
@Controller('doors')
@UseGuards(BearerGuard)
class Doors {
  @Get('open')
  open(@Bearer() bearer: ActiveAccessToken): unknown {
    return { client: bearer.client.clientId, scope: bearer.scope };
  }

  @Get('audit')
  @RequireScopes('audit:read')
  audit(): unknown {
    return { events: [] };
  }

  @Get('photos')
  @RequireScopes('photos:read')
  photos(): unknown {
    return { photos: [] };
  }
}

@Module({ imports: [AccessModule], controllers: [Doors] })
class DoorsModule {}

describe('a door with a bearer guard', () => {
  async function doors() {
    const directory = await open({ imports: [DoorsModule] });
    await directory.get(FirstStart).complete();
    const application = directory.module.createNestApplication<NestFastifyApplication>(
      new FastifyAdapter(),
    );
    application.useGlobalFilters(new ProblemDetailsFilter());
    await application.init();
    await application.getHttpAdapter().getInstance().ready();
    const issuer = directory.resources.settings.issuer;
    const knock = async (door: string, authorization?: string) => {
      const headers = authorization === undefined ? {} : { authorization };
      return application.inject({ method: 'GET', url: `/doors/${door}`, headers });
    };
    return { directory, issuer, knock };
  }

  it('lets an auditor in, with a token for itself or as a person', async () => {
    const { directory, issuer, knock } = await doors();
    const auditor = await registered(directory, 'auditor');
    const machineToken = await clientToken(directory, auditor);
    expect((await knock('audit', `Bearer ${machineToken}`)).statusCode).toBe(200);
    const console = await registered(directory, 'web', {
      firstParty: true,
      scope: 'openid audit:read',
    });
    const subject = await createAccount(directory, 'ana', ['auditor']);
    const terms = { scope: ['audit:read', 'openid'], resources: [`${issuer}/admin`] };
    const token = await grantedToken(directory, console, subject, terms);
    expect((await knock('audit', `bearer  ${token}`)).statusCode).toBe(200);
    const together = { scope: ['audit:read'], resources: [issuer, `${issuer}/admin`] };
    const shared = await grantedToken(directory, console, subject, together);
    expect((await knock('audit', `Bearer ${shared}`)).statusCode).toBe(401);
    expect((await knock('open', `Bearer ${shared}`)).statusCode).toBe(200);
    const elsewhere = await grantedToken(directory, console, subject, { scope: ['audit:read'] });
    const refused = await knock('audit', `Bearer ${elsewhere}`);
    expect(refused.statusCode).toBe(401);
    expect(refused.headers['www-authenticate']).toContain('error="invalid_token"');
  });

  it('shows the handler who came', async () => {
    const { directory, knock } = await doors();
    const photos = await registered(directory, 'web');
    const token = await grantedToken(directory, photos, await createAccount(directory, 'ana'));
    const answer = await knock('open', `Bearer ${token}`);
    expect(answer.json()).toEqual({
      client: photos.client.clientId,
      scope: ['openid', 'photos:read'],
    });
    expect((await knock('photos', `Bearer ${token}`)).statusCode).toBe(200);
  });

  it('refuses as RFC 6750 says, with problem details', async () => {
    const { directory, knock } = await doors();
    const auditor = await registered(directory, 'auditor');
    const token = await clientToken(directory, auditor);
    const photos = await registered(directory, 'web');
    const foreign = await grantedToken(directory, photos, await createAccount(directory, 'ana'), {
      resources: ['https://api.example.com'],
    });
    const cases = [
      ['audit', undefined, 401, 'Bearer realm="token-ledger", scope="audit:read"'],
      ['audit', 'Basic eDp5', 401, 'Bearer realm="token-ledger", scope="audit:read"'],
      ['open', 'Bearer', 400, 'Bearer realm="token-ledger", error="invalid_request"'],
      ['open', 'Bearer a b', 400, 'Bearer realm="token-ledger", error="invalid_request"'],
      ['open', 'Bearer forged', 401, 'Bearer realm="token-ledger", error="invalid_token"'],
      ['open', `Bearer ${foreign}`, 401, 'Bearer realm="token-ledger", error="invalid_token"'],
      [
        'photos',
        `Bearer ${token}`,
        403,
        'Bearer realm="token-ledger", error="insufficient_scope", scope="photos:read"',
      ],
    ] as const;
    for (const [door, authorization, status, challenge] of cases) {
      const answer = await knock(door, authorization);
      expect(answer.statusCode).toBe(status);
      expect(answer.headers).toMatchObject({
        'www-authenticate': challenge,
        'cache-control': 'no-store',
        'content-type': 'application/problem+json; charset=utf-8',
      });
      expect(answer.json()).toMatchObject({ type: 'about:blank', status });
    }
  });

  it('takes no token from the query', async () => {
    const { directory, knock } = await doors();
    const token = await clientToken(directory, await registered(directory, 'auditor'));
    expect((await knock(`audit?access_token=${token}`)).statusCode).toBe(401);
  });

  it('asks an address that fails too often to wait, and lets it in all the same', async () => {
    const { directory, knock } = await doors();
    const token = await clientToken(directory, await registered(directory, 'auditor'));
    for (let call = 0; call < 300; call += 1) {
      expect((await knock('audit')).statusCode).toBe(401);
    }
    const limited = await knock('audit');
    expect(limited.statusCode).toBe(429);
    expect(Number(limited.headers['retry-after'])).toBeGreaterThan(0);
    expect((await knock('audit', `Bearer ${token}`)).statusCode).toBe(200);
  });

  it('is needed where a handler asks who came', () => {
    expect(() => bearerOf({})).toThrow('this door has no bearer guard');
  });
});
