import type { CsvColumns } from '../access/csv.reply.js';
import type { AuditIncident } from './incident.answer.js';

/** The columns of incidents. */
export const auditIncidentColumns: CsvColumns<AuditIncident> = {
  id: ({ id }) => id,
  kind: ({ kind }) => kind,
  at: ({ at }) => at,
  position: ({ position }) => position,
  familyId: ({ familyId }) => familyId,
  familyRevoked: ({ familyRevoked }) => familyRevoked,
  clientId: ({ client }) => client?.id,
  clientName: ({ client }) => client?.name,
  subject: ({ subject }) => subject,
  verdict: ({ verdict }) => verdict,
  presentedBy: ({ evidence }) => evidence?.who?.clientId,
  address: ({ evidence }) => evidence?.origin?.address,
  userAgent: ({ evidence }) => evidence?.origin?.userAgent,
  evidencePosition: ({ evidence }) => evidence?.position,
  evidence: ({ evidence }) => evidence?.data,
};
