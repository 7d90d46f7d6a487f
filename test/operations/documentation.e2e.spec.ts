import { existsSync, readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { chromium } from 'playwright-core';
import { revocationAnswer } from '../../src/admin/revocation.answer.js';
import { revocationPreview } from '../../src/admin/revocation-preview.answer.js';
import { revocationTokenPage } from '../../src/admin/revocation-tokens.answer.js';
import { activityAnswer } from '../../src/audit/activity.answer.js';
import { clientAnswer } from '../../src/audit/client.answer.js';
import { clientHealthPage } from '../../src/audit/client-health.answer.js';
import { eventList, familyEventList } from '../../src/audit/event-list.answer.js';
import { familyAnswer } from '../../src/audit/family.answer.js';
import { incidentList } from '../../src/audit/incident.answer.js';
import { incidentAnswer } from '../../src/audit/investigation.answer.js';
import { lineageAnswer } from '../../src/audit/lineage.answer.js';
import { familyPage } from '../../src/audit/listed-family.answer.js';
import { subjectAnswer } from '../../src/audit/subject.answer.js';
import { validityAnswer } from '../../src/audit/validity.answer.js';
import { apiDocument } from '../../src/operations/api.document.js';
import { clientToken, csvRows, read } from '../audit/audit-stage.js';
import { HttpServer } from '../support/http-server.js';

const CHROMIUM = '/usr/bin/chromium';
const inBrowser = existsSync(CHROMIUM) ? it : it.skip;

interface OpenApi {
  readonly openapi: string;
  readonly paths: Record<string, Record<string, Operation>>;
  readonly components: { schemas: Record<string, { example?: unknown }> };
}
interface BodySchema {
  readonly properties?: Readonly<Record<string, unknown>>;
  readonly required?: readonly string[];
  readonly example?: object;
}
interface Operation {
  readonly summary?: string;
  readonly tags?: readonly string[];
  readonly responses: Record<string, { content?: Record<string, unknown> }>;
  readonly requestBody?: { content: Record<string, { schema: BodySchema }> };
  readonly parameters?: readonly { readonly name: string; readonly in: string }[];
  readonly security?: readonly Record<string, unknown>[];
}

let server: HttpServer;
let document: OpenApi;

function endpointsOf({ paths }: OpenApi): string[] {
  return Object.entries(paths).flatMap(([path, methods]) =>
    Object.keys(methods).map((method) => `${method} ${path}`),
  );
}

beforeAll(async () => {
  server = await HttpServer.start();
  document = (await (await server.fetch('/docs/openapi.json')).json()) as OpenApi;
});

afterAll(() => server.close());

describe('the OpenAPI document', () => {
  it('has every endpoint of the protocol, of the audit and of operation', () => {
    expect(endpointsOf(document).sort()).toEqual([
      'delete /replay/backtests/{id}',
      'get /.well-known/oauth-authorization-server',
      'get /.well-known/openid-configuration',
      'get /admin/revocations',
      'get /admin/revocations/preview',
      'get /admin/revocations/preview/access-tokens',
      'get /admin/revocations/{id}',
      'get /audit/activity',
      'get /audit/clients',
      'get /audit/clients/{id}',
      'get /audit/events',
      'get /audit/families',
      'get /audit/families/{id}',
      'get /audit/families/{id}/events',
      'get /audit/families/{id}/lineage',
      'get /audit/incidents',
      'get /audit/incidents/{id}',
      'get /audit/subjects/{id}',
      'get /audit/validity',
      'get /health/live',
      'get /health/ready',
      'get /ledger/0/checkpoint',
      'get /ledger/0/tile/entries/{path}',
      'get /ledger/0/tile/{level}/{path}',
      'get /metrics',
      'get /oauth/authorize',
      'get /oauth/jwks',
      'get /oauth/logout',
      'get /oauth/userinfo',
      'get /replay/backtests',
      'get /replay/backtests/{id}',
      'get /replay/backtests/{id}/attempts',
      'get /replay/bundles',
      'get /replay/difference',
      'get /replay/state',
      'post /admin/revocations',
      'post /audit/incidents/{id}/verdict',
      'post /audit/lookup',
      'post /oauth/authorize',
      'post /oauth/introspect',
      'post /oauth/logout',
      'post /oauth/register',
      'post /oauth/revoke',
      'post /oauth/token',
      'post /oauth/userinfo',
      'post /replay/backtests',
    ]);
  });

  it('has no endpoint whose resource the README does not name', () => {
    const readme = readFileSync(resolve(import.meta.dirname, '../../README.md'), 'utf8');
    const [, section = ''] = /\n## Endpoints\n(.*?)\n## /s.exec(readme) ?? [];
    const resourceOf = (path: string): string => path.split('/').slice(0, 3).join('/');
    const resources = Object.keys(document.paths).map(resourceOf);
    expect(resources.filter((one) => !section.includes(` ${one}`))).toEqual([]);
  });

  it('says of each what it does, how it answers and what it needs', () => {
    for (const [path, methods] of Object.entries(document.paths)) {
      for (const [method, operation] of Object.entries(methods)) {
        const name = `${method} ${path}`;
        expect([name, operation.summary]).toEqual([name, expect.any(String)]);
        expect([name, operation.tags?.length]).toEqual([name, 1]);
        expect(Object.keys(operation.responses)[0]).toMatch(/^[23]0[0-9]$/);
        const isAudit = path.startsWith('/audit/');
        const needed = path.endsWith('/verdict') ? { admin: ['admin'] } : { audit: ['audit:read'] };
        if (isAudit) expect(operation.security).toEqual([needed]);
        const statuses = Object.keys(operation.responses);
        if (isAudit) expect(statuses).toContain('401');
        if (isAudit && method === 'get') expect(statuses).toContain('503');
        const isChecked = operation.parameters?.some((one) => one.in === 'query') === true;
        if (isChecked && operation.security !== undefined) {
          expect([name, statuses]).toEqual([name, expect.arrayContaining(['400'])]);
        }
        if (method === 'post' && path !== '/oauth/userinfo' && path !== '/oauth/logout') {
          expect(operation.requestBody).toBeDefined();
        }
      }
    }
  });

  it('describes every member of a body that its example or its rules name', () => {
    const bodies = Object.values(document.paths).flatMap((methods) =>
      Object.values(methods).flatMap(({ requestBody }) => {
        const schema = requestBody?.content['application/json']?.schema;
        return schema === undefined ? [] : [schema];
      }),
    );
    expect(bodies.length).toBeGreaterThan(3);
    for (const { properties = {}, required = [], example = {} } of bodies) {
      const named = [...required, ...Object.keys(example)];
      expect(Object.keys(properties)).toEqual(expect.arrayContaining(named));
    }
    const { content = {} } = document.paths['/admin/revocations']?.['post']?.requestBody ?? {};
    const members = ['client', 'subject', 'signingKey', 'address', 'from', 'to', 'position'];
    expect(Object.keys(content['application/json']?.schema.properties ?? {})).toEqual(members);
  });

  it('refers to nothing that it does not have', () => {
    const refs = [
      ...JSON.stringify(document).matchAll(/"\$ref":"#\/components\/schemas\/([^"]+)"/g),
    ];
    expect(refs.length).toBeGreaterThan(10);
    const known = Object.keys(document.components.schemas);
    expect(known).toEqual(expect.arrayContaining(refs.map(([, name]) => name)));
  });

  it('has examples that are answers', () => {
    const answers = {
      activityAnswer,
      clientAnswer,
      clientHealthPage,
      eventList,
      familyAnswer,
      familyEventList,
      familyPage,
      incidentAnswer,
      incidentList,
      lineageAnswer,
      revocation: revocationAnswer,
      revocationPreview,
      revocationTokenPage,
      subjectAnswer,
      validityAnswer,
    };
    for (const [name, schema] of Object.entries(answers)) {
      const id = name.charAt(0).toUpperCase() + name.slice(1);
      const { example } = document.components.schemas[id] ?? {};
      expect([name, schema.strict().safeParse(example).error?.issues]).toEqual([name, undefined]);
    }
  });

  it.each([
    ['/audit/activity', 'ActivityAnswer', 'hours'],
    ['/audit/clients', 'ClientHealthPage', 'clients'],
    ['/audit/events', 'EventList', 'events'],
    ['/audit/families', 'FamilyPage', 'families'],
    ['/audit/families/{id}/events', 'FamilyEventList', 'events'],
    ['/audit/incidents', 'IncidentList', 'incidents'],
  ])('says how %s looks as lines and as CSV', (path, page, items) => {
    const { content = {} } = document.paths[path]?.['get']?.responses['200'] ?? {};
    expect(content).toEqual({
      'application/json': { schema: { $ref: `#/components/schemas/${page}` } },
      'application/x-ndjson': { schema: expect.anything(), example: expect.any(String) },
      'text/csv': { schema: expect.anything(), example: expect.any(String) },
    });
    const { example } = document.components.schemas[page] as { example: Record<string, unknown[]> };
    const shown = example[items] ?? [];
    const textOf = (type: string) => (content[type] as { example: string }).example;
    const lines = shown.map((item) => `${JSON.stringify(item)}\n`).join('');
    expect(textOf('application/x-ndjson')).toBe(lines);
    const [header = [], ...rows] = csvRows(textOf('text/csv'));
    expect(rows.map((row) => row.length)).toEqual(shown.map(() => header.length));
  });

  it('stands in docs/API.md: `npm run docs:api` writes it', () => {
    const file = resolve(import.meta.dirname, '../../docs/API.md');
    expect(readFileSync(file, 'utf8')).toBe(apiDocument(document as never));
  });

  it('is what discovery leads to', async () => {
    const metadata = await (await server.fetch('/.well-known/openid-configuration')).json();
    expect(metadata).toMatchObject({ service_documentation: `${server.issuer}/docs` });
  });
});

describe('GET /', () => {
  it('leads to the documentation', async () => {
    const response = await server.fetch('/', { redirect: 'manual' });
    expect(response.status).toBe(302);
    expect(response.headers.get('location')).toBe('/docs');
    expect(response.headers.get('x-frame-options')).toBe('DENY');
  });
});

describe('GET /docs', () => {
  it('lets nothing run, and nothing in, that is not from this server', async () => {
    const response = await server.fetch('/docs');
    expect(response.headers.get('content-type')).toBe('text/html; charset=utf-8');
    const policy = response.headers.get('content-security-policy') ?? '';
    expect(policy).toContain("default-src 'none'");
    expect(policy).toContain("frame-ancestors 'none'");
    expect(policy).not.toMatch(/unsafe|https?:|\*/);
    expect(response.headers.get('x-frame-options')).toBe('DENY');
    const html = await response.text();
    expect(html).not.toMatch(/<style|style=|\son\w+=|<script>|https?:\/\//);
  });

  it('serves the two files that the page needs and no others', async () => {
    const statuses = await Promise.all(
      ['swagger-ui.css', 'swagger-ui-bundle.js', 'index.html', 'package.json', 'LICENSE'].map(
        async (file) => (await server.fetch(`/docs/${file}`)).status,
      ),
    );
    expect(statuses).toEqual([200, 200, 404, 404, 404]);
    expect((await server.fetch('/docs/..%2f..%2fpackage.json')).status).toBe(404);
  });

  it.each([
    ['/docs', 'no-cache'],
    ['/docs/page.css', 'no-cache'],
    ['/docs/page.js', 'no-cache'],
    ['/docs/openapi.json', 'no-cache'],
    ['/docs/swagger-ui.css', 'public, max-age=3600'],
    ['/docs/swagger-ui-bundle.js', 'public, max-age=3600'],
  ])('sends %s only to who has not what it is now', async (path, caching) => {
    const first = await server.fetch(path);
    expect(first.headers.get('cache-control')).toBe(caching);
    const entityTag = first.headers.get('etag') ?? '';
    expect(entityTag).toMatch(/^"[\w-]{43}"$/);
    const asked = (known: string) => server.fetch(path, { headers: { 'if-none-match': known } });
    const again = await asked(`"another", W/${entityTag}`);
    expect([again.status, await again.text()]).toEqual([304, '']);
    expect(again.headers.get('etag')).toBe(entityTag);
    expect(again.headers.get('cache-control')).toBe(caching);
    expect((await asked('*')).status).toBe(304);
    const other = await asked('"another"');
    expect([other.status, await other.text()]).toEqual([200, await first.text()]);
  });

  inBrowser(
    'shows itself in a browser, and gets an auditor what it describes',
    async () => {
      const auditor = await server.register('auditor');
      const browser = await chromium.launch({ executablePath: CHROMIUM, args: ['--no-sandbox'] });
      try {
        const page = await browser.newPage();
        page.setDefaultTimeout(10_000);
        const faults: string[] = [];
        const foreign: string[] = [];
        page.on('console', (said) => {
          if (said.type() === 'error' || said.type() === 'warning') faults.push(said.text());
        });
        page.on('pageerror', (error) => faults.push(error.message));
        page.on('request', (request) => {
          const url = request.url();
          if (!url.startsWith(server.base) && !url.startsWith('data:')) foreign.push(url);
        });
        await page.goto(`${server.base}/docs?url=https://evil.example/x.json`);
        const incidents = page.locator('#operations-Audit-IncidentsController_list');
        await incidents.waitFor();
        expect(await page.locator('.opblock').count()).toBe(endpointsOf(document).length);
        await page.locator('.auth-wrapper .authorize').click();
        const dialog = page
          .locator('.modal-ux .auth-container')
          .filter({ hasText: 'audit' })
          .first();
        await dialog.getByLabel('client_id').fill(auditor.clientId);
        await dialog.getByLabel('client_secret').fill(auditor.clientSecret ?? '');
        await dialog.locator('.checkbox label').first().click();
        await dialog.locator('.auth-btn-wrapper .authorize').click();
        await dialog.locator('.auth-btn-wrapper').getByText('Logout').waitFor();
        await page.locator('.modal-ux .close-modal').click();
        await incidents.locator('.opblock-summary-control').click();
        await incidents.getByRole('button', { name: 'Try it out' }).click();
        await incidents.getByRole('button', { name: 'Execute' }).click();
        const answer = incidents.locator('.live-responses-table .highlight-code').first();
        await answer.waitFor();
        expect(await answer.textContent()).toContain('"incidents": []');
        expect(foreign).toEqual([]);
        expect(faults).toEqual([]);
      } finally {
        await browser.close();
      }
    },
    60_000,
  );

  it('is open to whoever asks, while what it describes is not', async () => {
    expect((await read(server, '/docs', undefined)).status).toBe(200);
    expect((await read(server, '/audit/incidents', undefined)).status).toBe(401);
    const token = await clientToken(server, await server.register('auditor'));
    const { body } = await read(server, '/audit/incidents', token);
    expect(incidentList.parse(body).incidents).toEqual([]);
  });
});
