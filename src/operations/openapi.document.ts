import type { INestApplication } from '@nestjs/common';
import type { DocumentBuilder, OpenAPIObject } from '@nestjs/swagger';
import { describeControllers, OTHER_CONTENT } from '../access/api-description.js';
import type { Settings } from '../config/settings.js';
import { oauthDocumentation } from './oauth.documentation.js';

type Paths = OpenAPIObject['paths'];
type Operation = NonNullable<Paths[string]['get']>;
interface ResponseWords {
  readonly content?: object;
  readonly [OTHER_CONTENT]: object;
}
type Schemas = NonNullable<NonNullable<OpenAPIObject['components']>['schemas']>;

const description =
  'An OAuth 2 and OpenID Connect authorization server on an append-only ledger: every grant, ' +
  'refresh, rotation, reuse and revocation is an event, and the audit reads them.\n\n' +
  'A token for the audit: `token-ledger client create --preset auditor`, then **Authorize** with ' +
  'its credentials under *audit*.';

const schemas: Schemas = {
  Problem: {
    type: 'object',
    description: 'Problem details (RFC 9457).',
    required: ['type', 'status', 'title'],
    properties: {
      type: { type: 'string' },
      status: { type: 'integer' },
      title: { type: 'string' },
      detail: { type: 'string' },
      parameter: { type: 'string', description: 'Which parameter is wrong.' },
      done: { type: 'integer', description: 'So many events are in lists that are being built.' },
      total: { type: 'integer', description: 'So many events will be in them.' },
    },
    example: {
      type: 'about:blank',
      status: 400,
      title: 'Bad Request',
      detail: 'limit must be a whole number from 1 to 1000',
      parameter: 'limit',
    },
  },
  OAuthError: {
    type: 'object',
    description: 'RFC 6749, 5.2.',
    required: ['error'],
    properties: { error: { type: 'string' }, error_description: { type: 'string' } },
  },
};

/**
 * The OpenAPI document of this server: what its controllers say of themselves, and what is said here
 * of those that only translate a protocol. An endpoint that does not exist is never in it, nor is one
 * that is a page and no interface.
 */
export async function openApiDocument(
  application: INestApplication,
  { issuer }: Pick<Settings, 'issuer'>,
): Promise<OpenAPIObject> {
  // Only who asks for the document loads its generator.
  const swagger = await import('@nestjs/swagger');
  describeControllers(swagger);
  const words = basis(new swagger.DocumentBuilder(), issuer);
  const document = swagger.SwaggerModule.createDocument(application, words);
  return {
    ...document,
    paths: describedPaths(document.paths),
    components: {
      ...document.components,
      schemas: { ...document.components?.schemas, ...schemas },
    },
  };
}

function basis(builder: DocumentBuilder, issuer: string): Omit<OpenAPIObject, 'paths'> {
  return builder
    .setTitle('Token Ledger')
    .setDescription(description)
    .setVersion('0.1')
    .addServer(issuer)
    .addTag('OAuth', 'Tokens: RFC 6749, 6750, 7009, 7591, 7636, 7662, 8707 and OIDC Core.')
    .addTag('Discovery', 'What clients read to find everything else.')
    .addTag('Audit', 'The ledger, for who has the scope `audit:read`.')
    .addTag('Replay', 'What was so at another time, for who has the scope `replay:run`.')
    .addTag('Administration', 'Many token families ended together, after a leak.')
    .addTag('Ledger', 'Checkpoints and tiles: what others can verify the ledger with.')
    .addTag('Operation', 'For who runs the server.')
    .addSecurity('audit', {
      type: 'oauth2',
      description: 'An access token with the scope `audit:read` for `<issuer>/admin`.',
      flows: {
        clientCredentials: {
          tokenUrl: `${issuer}/oauth/token`,
          scopes: { 'audit:read': 'Read the ledger' },
        },
      },
    })
    .addSecurity('replay', {
      type: 'oauth2',
      description: 'An access token with the scope `replay:run` for `<issuer>/admin`.',
      flows: {
        clientCredentials: {
          tokenUrl: `${issuer}/oauth/token`,
          scopes: { 'replay:run': 'Read the ledger again, also under another policy' },
        },
      },
    })
    .addSecurity('admin', {
      type: 'oauth2',
      description: 'An access token with the scope `admin` for `<issuer>/admin`.',
      flows: {
        clientCredentials: {
          tokenUrl: `${issuer}/oauth/token`,
          scopes: { admin: 'Administer' },
        },
      },
    })
    .addSecurity('user', { type: 'http', scheme: 'bearer', description: 'An access token.' })
    .addSecurity('client', { type: 'http', scheme: 'basic', description: 'Client credentials.' })
    .addSecurity('registration', {
      type: 'http',
      scheme: 'bearer',
      description: 'The initial access token.',
    })
    .build();
}

function describedPaths(paths: Paths): Paths {
  const described: Paths = {};
  const inOrder = new Set([...Object.keys(oauthDocumentation), ...Object.keys(paths)]);
  for (const path of inOrder) {
    const item = paths[path] ?? {};
    const words = oauthDocumentation[path];
    for (const method of ['get', 'post', 'delete'] as const) {
      const scanned = item[method];
      if (scanned === undefined) continue;
      const operation = withOtherContent({ ...scanned, ...words?.[method] });
      if (operation.summary === undefined) continue;
      described[path] = { ...described[path], [method]: operation };
    }
  }
  return described;
}

/** An operation whose answers have all the media types that they were said to come as. */
function withOtherContent(operation: Operation): Operation {
  const responses = Object.entries(operation.responses).map(([status, response]) => {
    if (response === undefined || !(OTHER_CONTENT in response)) return [status, response];
    const { [OTHER_CONTENT]: other, ...own } = response as ResponseWords;
    return [status, { ...own, content: { ...own.content, ...other } }];
  });
  return { ...operation, responses: Object.fromEntries(responses) };
}
