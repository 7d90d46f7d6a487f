import type { OpenAPIObject } from '@nestjs/swagger';

type Operation = NonNullable<OpenAPIObject['paths'][string]['get']>;
type Schemas = Readonly<Record<string, unknown>>;

interface Described {
  readonly $ref?: string;
  readonly description?: string;
  readonly example?: unknown;
  readonly enum?: readonly unknown[];
  readonly schema?: Described;
  readonly properties?: Readonly<Record<string, Described>>;
  readonly required?: readonly string[];
}

interface Content {
  readonly description?: string;
  readonly content?: Readonly<Record<string, Described>>;
}

interface Endpoint {
  readonly name: string;
  readonly operation: Operation;
}

const METHODS = ['get', 'post', 'put', 'patch', 'delete'] as const;

const BEGIN = `# HTTP API

Written from the OpenAPI document, which a server shows at \`/docs\` and serves at
\`/docs/openapi.json\`: \`npm run docs:api\`. Paths are below the issuer. Where an answer is an error,
OAuth's endpoints say it as their RFCs do, all others as problem details (RFC 9457).
`;

/** docs/API.md: every endpoint by its tag, with its parameters and an example of its answer. */
export function apiDocument(document: OpenAPIObject): string {
  const schemas = (document.components?.schemas ?? {}) as Schemas;
  const endpoints = Object.entries(document.paths).flatMap(([path, item]) =>
    METHODS.flatMap((method) => {
      const operation = item[method];
      return operation === undefined
        ? []
        : [{ name: `${method.toUpperCase()} ${path}`, operation }];
    }),
  );
  const sections = (document.tags ?? []).flatMap(({ name, description }) => {
    const own = endpoints.filter(({ operation }) => operation.tags?.includes(name));
    if (own.length === 0) return [];
    const texts = own.map((one) => endpointText(one, schemas));
    return `## ${name}\n\n${description}\n\n${texts.join('\n')}`;
  });
  return [BEGIN, ...sections].join('\n');
}

function endpointText({ name, operation }: Endpoint, schemas: Schemas): string {
  const { summary, description, security } = operation;
  const needs = (security ?? []).flatMap((one) => Object.values(one)).flat();
  return [
    `### \`${name}\`\n`,
    `${summary}.${description === undefined ? '' : ` ${description}`}\n`,
    ...(needs.length === 0 ? [] : [`Needs the scope ${needs.map(codeText).join(', ')}.\n`]),
    ...parametersText(operation),
    ...bodyText(operation.requestBody as Content | undefined, schemas),
    ...answersText(operation.responses as Readonly<Record<string, Content>>, schemas),
  ].join('\n');
}

function parametersText({ parameters = [] }: Operation): string[] {
  const lines = parameters.flatMap((parameter) => {
    if ('$ref' in parameter) return [];
    const schema = parameter.schema as Described | undefined;
    const isRequired = parameter.required === true || parameter.in === 'path';
    const description = parameter.description ?? schema?.description;
    const words = { ...schema, ...(description === undefined ? {} : { description }) };
    return [itemText(`${codeText(parameter.name)} in the ${parameter.in}`, isRequired, words)];
  });
  return lines.length === 0 ? [] : [...lines, ''];
}

function bodyText(body: Content | undefined, schemas: Schemas): string[] {
  const lines: string[] = [];
  for (const [type, media] of Object.entries(body?.content ?? {})) {
    lines.push(`The body is ${codeText(type)}:\n`, ...membersText(media.schema ?? {}));
    lines.push(...exampleText(media, schemas));
  }
  return lines;
}

/** Lines stand there as they come. */
function linesText(type: string, { schema, example }: Described): string[] {
  const words = schema?.description === undefined ? '' : ` ${schema.description}`;
  const text = String(example).replaceAll('\r\n', '\n').trimEnd();
  return [`As ${codeText(type)}:${words}\n`, `\`\`\`text\n${text}\n\`\`\`\n`];
}

function membersText({ properties = {}, required = [] }: Described): string[] {
  const lines = Object.entries(properties).map(([name, member]) =>
    itemText(codeText(name), required.includes(name), member),
  );
  return lines.length === 0 ? [] : [...lines, ''];
}

function itemText(name: string, isRequired: boolean, words: Described): string {
  const said = [
    ...(isRequired ? ['required'] : []),
    ...(words.description === undefined ? [] : [words.description.replace(/\.$/, '')]),
    ...(words.enum === undefined ? [] : [`One of ${words.enum.map(codeText).join(', ')}`]),
  ];
  return said.length === 0 ? `- ${name}` : `- ${name}: ${said.join('. ')}.`;
}

function answersText(responses: Readonly<Record<string, Content>>, schemas: Schemas): string[] {
  const lines: string[] = [];
  const refusals: string[] = [];
  for (const [status, { description = '', content = {} }] of Object.entries(responses)) {
    if (Number(status) >= 400) refusals.push(status);
    else {
      lines.push(`**${status}** ${description}\n`);
      for (const [type, media] of Object.entries(content)) {
        const isLines = typeof media.example === 'string' && type !== 'application/json';
        lines.push(...(isLines ? linesText(type, media) : exampleText(media, schemas)));
      }
    }
  }
  return refusals.length === 0 ? lines : [...lines, `Refuses with ${refusals.join(', ')}.\n`];
}

function exampleText(media: Described, schemas: Schemas): string[] {
  const example = exampleOf(media, schemas);
  return example === undefined ? [] : [jsonText(example)];
}

function exampleOf(media: Described, schemas: Schemas): unknown {
  if (media.example !== undefined) return media.example;
  const { schema } = media;
  if (schema?.$ref === undefined) return schema?.example;
  const named = schemas[schema.$ref.slice('#/components/schemas/'.length)];
  return (named as Described | undefined)?.example;
}

function jsonText(value: unknown): string {
  return `\`\`\`json\n${JSON.stringify(value, null, 2)}\n\`\`\`\n`;
}

function codeText(value: unknown): string {
  return `\`${String(value)}\``;
}
