import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { beginFamily, refresh } from '../support/http-flow.js';
import { HttpServer, type TestAccount, type TestClient } from '../support/http-server.js';

const PHOTOS = 'https://api.example/photos';
let server: HttpServer;
let spa: TestClient;
let ana: TestAccount;

beforeAll(async () => {
  server = await HttpServer.start();
  spa = await server.register('spa');
  ana = await server.createAccount('ana', { name: 'Ana Lovelace' });
});

afterAll(() => server.close());

async function userinfo(token: string): Promise<Response> {
  return server.fetch('/oauth/userinfo', { headers: { authorization: `Bearer ${token}` } });
}

describe('userinfo, for an access token whose only audience is an API', () => {
  const terms = { scope: ['offline_access', 'openid', 'photos:read'], resources: [PHOTOS] };

  it('tells what the person granted to the client', async () => {
    const { access_token: token } = await beginFamily(server, spa, ana, terms);
    const answer = await userinfo(token);
    expect([answer.status, await answer.json()]).toEqual([200, { sub: ana.subject }]);
  });

  it('tells nothing when the client left openid out of it', async () => {
    const tokens = await beginFamily(server, spa, ana, terms);
    const narrowed = await refresh(server, spa, tokens.refresh_token, { scope: 'photos:read' });
    expect(narrowed.body.scope).toBe('photos:read');
    const answer = await userinfo(narrowed.body.access_token);
    expect(answer.status).toBe(403);
    expect(answer.headers.get('www-authenticate')).toContain('error="insufficient_scope"');
  });
});
