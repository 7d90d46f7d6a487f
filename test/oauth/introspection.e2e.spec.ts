import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { basic, beginFamily, post } from '../support/http-flow.js';
import { HttpServer, type TestAccount, type TestClient } from '../support/http-server.js';

const PHOTOS = 'https://api.example/photos';
const ALBUMS = 'https://api.example/albums';
const MAIL = 'https://api.example/mail';
let server: HttpServer;
let spa: TestClient;
let ana: TestAccount;
let gallery: TestClient;

beforeAll(async () => {
  server = await HttpServer.start();
  spa = await server.register('spa');
  ana = await server.createAccount();
  gallery = await server.register('resource-server', { resources: [PHOTOS, ALBUMS] });
});

afterAll(() => server.close());

async function inspect(token: string, client: TestClient): Promise<Record<string, unknown>> {
  const answer = await post(server, '/oauth/introspect', { token }, basic(client));
  expect(answer.status).toBe(200);
  return answer.body;
}

describe('a resource server', () => {
  it.each([
    ['one of its resources', [PHOTOS]],
    ['all of its resources', [ALBUMS, PHOTOS]],
    ['one of its resources and another', [MAIL, PHOTOS]],
  ])('learns what a token for %s is worth', async (_what, resources) => {
    const { access_token: token } = await beginFamily(server, spa, ana, { resources });
    expect(await inspect(token, gallery)).toMatchObject({
      active: true,
      client_id: spa.clientId,
      sub: ana.subject,
      aud: resources.length === 1 ? resources[0] : resources,
    });
  });

  it.each([
    ['another resource', [MAIL]],
    ['a resource whose URI begins like its own', [`${PHOTOS}/1`]],
    ['no resource', []],
  ])('learns nothing of a token for %s', async (_what, resources) => {
    const { access_token: token } = await beginFamily(server, spa, ana, { resources });
    expect(await inspect(token, gallery)).toEqual({ active: false });
  });

  it('learns nothing of a refresh token', async () => {
    const tokens = await beginFamily(server, spa, ana, { resources: [PHOTOS] });
    expect(await inspect(tokens.refresh_token, gallery)).toEqual({ active: false });
  });

  it('is nobody by its client id: audiences are URIs', async () => {
    const stranger = await server.register('machine');
    const resources = [stranger.clientId];
    const { access_token: token } = await beginFamily(server, spa, ana, { resources });
    expect(await inspect(token, stranger)).toEqual({ active: false });
  });
});
