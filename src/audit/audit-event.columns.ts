import type { AuditEvent } from './audit-event.answer.js';
import type { CsvColumns } from '../access/csv.reply.js';

/** The columns of events. */
export const auditEventColumns: CsvColumns<AuditEvent> = {
  position: ({ position }) => position,
  at: ({ at }) => at,
  type: ({ type }) => type,
  stream: ({ stream }) => stream,
  streamVersion: ({ streamVersion }) => streamVersion,
  actor: ({ actor }) => actor,
  clientId: ({ who }) => who?.clientId,
  authenticated: ({ who }) => who?.authenticated,
  method: ({ who }) => who?.method,
  address: ({ origin }) => origin?.address,
  userAgent: ({ origin }) => origin?.userAgent,
  requestId: ({ origin }) => origin?.requestId,
  erased: ({ erased }) => erased,
  id: ({ id }) => id,
  version: ({ version }) => version,
  correlationId: ({ correlationId }) => correlationId,
  causationId: ({ causationId }) => causationId,
  data: ({ data }) => data,
};
