import { z } from 'zod';
import type { Envelope } from '../envelope.js';
import type { StreamKind } from '../identifiers.js';
import { clientMetadata, clientPolicy } from './directory.events.js';
import { EVENT_VERSION, eventCatalogue } from './event-catalogue.js';
import { accessTokenFacts, byFields } from './field-schemas.js';
import { revocationSelector } from './revocation.events.js';
import { type FieldWords, fieldsOf, meaningOf, type NamedSchemas } from './schema-words.js';
import {
  codeFacts,
  familyPolicy,
  rejectionReason,
  revocationReason,
} from './token-family.events.js';

const kinds: Readonly<Record<StreamKind, string>> = {
  family: 'Token family',
  client_token: 'Client token',
  client: 'Client',
  account: 'Account',
  project: 'Project',
  signing_key: 'Signing key',
  session: 'Session',
  consent: 'Consent',
  incident: 'Incident',
  administration: 'Administration',
  log: 'Log',
  revocation: 'Revocation',
};

const required = (type: string, meaning: string): Omit<FieldWords, 'name'> => ({
  type,
  isRequired: true,
  meaning,
});
const optional = (type: string, meaning: string): Omit<FieldWords, 'name'> => ({
  type,
  isRequired: false,
  meaning,
});

const body: Readonly<Record<keyof Envelope | 'data', Omit<FieldWords, 'name'>>> = {
  id: required('string', 'UUID version 7'),
  type: required('string', 'which event: the headings below'),
  version: required('integer', `of the type; now ${EVENT_VERSION}`),
  streamId: required('string', '`<kind>:<id>`: what the event is about'),
  streamVersion: required('integer', '1 for the first event of a stream'),
  project: required('string', 'the tenant'),
  correlationId: required('string', 'one value for all that a request caused'),
  causationId: optional('string', 'the event that caused this one, when that was not a request'),
  actor: required('string', '`client:<id>`, `account:<sub>`, `operator`, `system` or `anonymous`'),
  recordedAt: required(
    'integer',
    "instant of the store's clock, ms UTC; never runs backwards within a stream",
  ),
  originCommitment: optional(
    'string',
    'SHA-256(32-byte salt, canonical origin), base64url; the origin itself can be erased',
  ),
  data: required('object', 'what happened'),
};

const values: Readonly<Record<string, z.ZodObject>> = {
  By: z.object(byFields).describe('Who asked, and when the request arrived.'),
  AccessToken: accessTokenFacts.describe(
    'The facts of one access token; its `jti` is `<familyId>.<sequence>`.',
  ),
  Code: codeFacts.describe('What an authorization code was issued for.'),
  FamilyPolicy: familyPolicy.describe(
    'The rules that a family lives by, fixed when it was granted.',
  ),
  ClientMetadata: clientMetadata.describe('What a client registered (RFC 7591).'),
  ClientPolicy: clientPolicy.describe("Overrides of the service's token policy for one client."),
  RevocationSelector: revocationSelector.describe(
    'What is revoked together: all that a client, a person, a signing key or an address had to do with.',
  ),
};

const reasons: Readonly<Record<string, z.ZodEnum>> = {
  RejectionReason: rejectionReason.describe('Why a genuine token was refused.'),
  RevocationReason: revocationReason.describe('Why a family ended before it expired.'),
};

const named: NamedSchemas = new Map<z.core.$ZodType, string>([
  [accessTokenFacts, linkTo('AccessToken')],
  [codeFacts, linkTo('Code')],
  [familyPolicy, linkTo('FamilyPolicy')],
  [clientMetadata, linkTo('ClientMetadata')],
  [clientPolicy, linkTo('ClientPolicy')],
  [rejectionReason, linkTo('RejectionReason')],
  [revocationReason, linkTo('RevocationReason')],
  [revocationSelector, linkTo('RevocationSelector')],
]);

/**
 * Describes every event of the catalogue as Markdown, each with its example: the text of
 * docs/EVENTS.md. `examples` holds a canonical body for every type; throws an Error for a missing one.
 */
export function eventsDocument(examples: Readonly<Record<string, string>>): string {
  const described = new Set<string>();
  const sections = (Object.keys(kinds) as StreamKind[]).map((kind) =>
    kindSection(kind, examples, described),
  );
  return `${[introduction(), envelopeSection(), valuesSection(), ...sections].join('\n\n')}\n`;
}

function introduction(): string {
  return [
    '# Events',
    'Every event that the ledger can hold. This page is generated from the event catalogue (`src/domain/events/`) by `npm run docs:events`; a test fails when it is out of date.',
    'The body of an event is its envelope and its `data` as canonical JSON (RFC 8785), and its bytes are the contract: they are hashed into the ledger and never change. The examples below are the frozen bodies of `test/domain/events/golden/`, with white space added. Instants and spans are whole milliseconds. A member that does not apply is absent.',
  ].join('\n\n');
}

function envelopeSection(): string {
  const fields = Object.entries(body).map(([name, words]): FieldWords => {
    const { type, isRequired, meaning } = words;
    return { name, type, isRequired, meaning };
  });
  return ['## Envelope', 'What surrounds the data of every event.', table(fields)].join('\n\n');
}

function valuesSection(): string {
  const objects = Object.entries(values).map(
    ([name, schema]) => `### ${name}\n\n${meaningOf(schema)}\n\n${table(fieldsOf(schema, named))}`,
  );
  const lists = Object.entries(reasons).map(
    ([name, schema]) =>
      `### ${name}\n\n${meaningOf(schema)}\n\n${schema.options.map((one) => `- \`${one}\``).join('\n')}`,
  );
  return ['## Values inside events', ...objects, ...lists].join('\n\n');
}

function kindSection(
  kind: StreamKind,
  examples: Readonly<Record<string, string>>,
  described: Set<string>,
): string {
  const events = Object.entries<z.ZodObject>(eventCatalogue[kind]).map(([type, schema]) => {
    if (described.has(type)) return `Also ${linkTo(type)}.`;
    described.add(type);
    return eventSection(type, schema, examples[type]);
  });
  return [`## ${kinds[kind]}`, `Streams \`${kind}:<id>\`.`, ...events].join('\n\n');
}

function eventSection(type: string, schema: z.ZodObject, example: string | undefined): string {
  if (example === undefined) throw new Error(`there is no example of ${type}`);
  const fields = fieldsOf(schema, named);
  const saysWhoAsked = Object.keys(byFields).every((name) => name in schema.shape);
  const by = { name: '…', type: linkTo('By'), isRequired: true, meaning: 'who asked' };
  const rows = saysWhoAsked ? [by, ...fields.filter(({ name }) => !(name in byFields))] : fields;
  return [
    `### ${type}`,
    meaningOf(schema),
    rows.length === 0 ? 'No data.' : table(rows),
    `\`\`\`json\n${pretty(JSON.parse(example), '')}\n\`\`\``,
  ].join('\n\n');
}

function linkTo(heading: string): string {
  return `[${heading}](#${heading.toLowerCase()})`;
}

function table(fields: readonly FieldWords[]): string {
  const rows = fields.map(
    ({ name, type, isRequired, meaning }) =>
      [`\`${name}\``, type, isRequired ? '' : 'optional', meaning] as const,
  );
  const head = ['member', 'type', '', 'meaning'] as const;
  const width = (column: 0 | 1 | 2 | 3): number =>
    Math.max(3, head[column].length, ...rows.map((row) => row[column].length));
  const widths = [width(0), width(1), width(2), width(3)] as const;
  const line = ([name, type, presence, meaning]: readonly [string, string, string, string]) =>
    `| ${name.padEnd(widths[0])} | ${type.padEnd(widths[1])} | ${presence.padEnd(widths[2])} | ${meaning.padEnd(widths[3])} |`;
  const rule = `| ${widths.map((dashes) => '-'.repeat(dashes)).join(' | ')} |`;
  return [line(head), rule, ...rows.map(line)].join('\n');
}

/** JSON as Prettier writes it: the members of an object over lines, a list on one line. */
function pretty(value: unknown, indent: string): string {
  if (value === null || typeof value !== 'object') return JSON.stringify(value);
  if (Array.isArray(value)) return `[${value.map((item) => pretty(item, indent)).join(', ')}]`;
  const inner = `${indent}  `;
  const members = Object.entries(value).map(
    ([name, member]) => `${inner}${JSON.stringify(name)}: ${pretty(member, inner)}`,
  );
  return members.length === 0 ? '{}' : `{\n${members.join(',\n')}\n${indent}}`;
}
