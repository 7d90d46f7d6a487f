import type { OpenAPIObject } from '@nestjs/swagger';

type PathItem = OpenAPIObject['paths'][string];

/** What is said of one method of an endpoint. */
export type Operations = NonNullable<PathItem['get']>;
/** What is said of endpoints, by path and method. */
export type Documentation = Readonly<
  Record<string, Partial<Record<'get' | 'post' | 'delete', Operations>>>
>;

interface ParameterWords {
  readonly required?: boolean;
  readonly description?: string;
  readonly example?: string;
  readonly enum?: readonly string[];
}
type ParametersWords = Readonly<Record<string, ParameterWords>>;

/** Parameters in the URL. */
export function query(parameters: ParametersWords): NonNullable<Operations['parameters']> {
  return Object.entries(parameters).map(([name, words]) => ({
    name,
    in: 'query',
    required: words.required === true,
    schema: schemaOf(words),
  }));
}

/** Parameters in a form. */
export function form(
  parameters: ParametersWords,
  examples?: Readonly<Record<string, { readonly summary: string; readonly value: unknown }>>,
): NonNullable<Operations['requestBody']> {
  const required = Object.entries(parameters)
    .filter(([, words]) => words.required === true)
    .map(([name]) => name);
  const properties = Object.fromEntries(
    Object.entries(parameters).map(([name, words]) => [name, schemaOf(words)]),
  );
  return {
    required: true,
    content: {
      'application/x-www-form-urlencoded': {
        schema: { type: 'object', required, properties },
        ...(examples === undefined ? {} : { examples }),
      },
    },
  };
}

/** An answer as JSON, by an example. */
export function answer(
  description: string,
  example: object,
  status = 200,
): Operations['responses'] {
  return {
    [status]: {
      description,
      content: { 'application/json': { schema: { type: 'object' }, example } },
    },
  };
}

const UNAUTHORIZED = new Set(['invalid_client', 'invalid_token']);

/** The OAuth errors that an endpoint answers with (RFC 6749, 5.2). */
export function oauthErrors(...codes: readonly string[]): Operations['responses'] {
  const byStatus = new Map<number, string[]>();
  for (const code of codes) {
    const status = UNAUTHORIZED.has(code) ? 401 : 400;
    byStatus.set(status, [...(byStatus.get(status) ?? []), code]);
  }
  return Object.fromEntries(
    [...byStatus].map(([status, some]) => [status, refusal(`One of ${some.join(', ')}.`, some)]),
  );
}

/** The answer to an access token that is not good (RFC 6750, 3). */
export function challenge(description: string): Operations['responses'] {
  return { 401: refusal(description, ['invalid_token']) };
}

function refusal(
  description: string,
  [error = 'invalid_request']: readonly string[],
): Operations['responses'][string] {
  const schema = { $ref: '#/components/schemas/OAuthError' };
  return { description, content: { 'application/json': { schema, example: { error } } } };
}

function schemaOf({ description, example, enum: values }: ParameterWords) {
  return {
    type: 'string' as const,
    ...(description === undefined ? {} : { description }),
    ...(example === undefined ? {} : { example }),
    ...(values === undefined ? {} : { enum: [...values] }),
  };
}
