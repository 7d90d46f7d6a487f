import { z } from 'zod';
import type { Origin, RecordedEvent } from '../domain/envelope.js';
import { authMethod } from '../domain/events/field-schemas.js';
import type { Ledger } from '../ledger/ledger.port.js';
import { eventExample } from './answer.examples.js';
import { moment, momentOf } from './as-of.answer.js';

const who = z
  .object({
    clientId: z.string().nullable().meta({
      description: 'The client that asked; null when it named none that is registered.',
    }),
    authenticated: z.boolean().meta({ description: 'Whether it proved to be that client.' }),
    method: authMethod.meta({ description: 'How it presented itself (OIDC Core, 9).' }),
  })
  .meta({ id: 'AuditWho', description: 'Who asked.' });

/** Where a request came from. */
export const auditOrigin = z
  .object({
    address: z.string(),
    userAgent: z.string(),
    requestId: z.string(),
  })
  .meta({ id: 'AuditOrigin', description: 'Where the request came from.' });

/** An event as the audit shows it. */
export const auditEvent = z
  .object({
    position: z.int().nonnegative().meta({ description: 'Its place in the ledger.' }),
    id: z.string().meta({ description: 'UUID version 7.' }),
    type: z.string(),
    version: z.int(),
    stream: z.string().meta({ description: '`<kind>:<id>`, for example `family:0192…`.' }),
    streamVersion: z.int().meta({ description: '1 for the first event of the stream.' }),
    at: moment.describe("When it was recorded, by the store's clock."),
    actor: z.string().meta({
      description: '`client:<id>`, `account:<sub>`, `operator`, `system` or `anonymous`.',
    }),
    correlationId: z.string().meta({ description: 'One value for all that a request caused.' }),
    causationId: z.string().nullable(),
    who: who.nullable().meta({ description: 'null when no request of a client caused it.' }),
    origin: auditOrigin
      .nullable()
      .meta({ description: 'null when it has none, or it was erased.' }),
    erased: z.boolean().meta({ description: 'Whether it had an origin that was erased since.' }),
    data: z.record(z.string(), z.unknown()).meta({
      description: 'As it stands in the ledger; instants and spans are milliseconds.',
    }),
  })
  .meta({ id: 'AuditEvent', description: 'An event of the ledger.', examples: [eventExample] });
/** An event as the audit shows it. */
export type AuditEvent = z.infer<typeof auditEvent>;

/** Events as the audit shows them, with the origins that were not erased. */
export async function auditEventsOf(
  ledger: Ledger,
  events: readonly RecordedEvent[],
): Promise<AuditEvent[]> {
  const withOrigin = events.filter((event) => event.originCommitment !== undefined);
  const origins = await ledger.origins(withOrigin.map(({ position }) => position));
  return events.map((event) => auditEventOf(event, origins.get(event.position)));
}

function auditEventOf(event: RecordedEvent, origin: Origin | undefined): AuditEvent {
  return {
    position: event.position,
    id: event.id,
    type: event.type,
    version: event.version,
    stream: event.streamId,
    streamVersion: event.streamVersion,
    at: momentOf(event.recordedAt),
    actor: event.actor,
    correlationId: event.correlationId,
    causationId: event.causationId ?? null,
    who: whoOf(event.data),
    origin: origin ?? null,
    erased: event.originCommitment !== undefined && origin === undefined,
    data: event.data,
  };
}

function whoOf(data: RecordedEvent['data']): AuditEvent['who'] {
  const method = authMethod.safeParse(data['authMethod']);
  if (!method.success) return null;
  const { clientId, clientAuthenticated } = data;
  return {
    clientId: typeof clientId === 'string' ? clientId : null,
    authenticated: clientAuthenticated === true,
    method: method.data,
  };
}
