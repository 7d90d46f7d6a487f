import type { CsvColumns } from '../access/csv.reply.js';
import type { ListedFamilyAnswer } from './listed-family.answer.js';

/** The columns of families. */
export const listedFamilyColumns: CsvColumns<ListedFamilyAnswer> = {
  id: ({ id }) => id,
  status: ({ status }) => status,
  grantedAt: ({ grantedAt }) => grantedAt,
  position: ({ position }) => position,
  endReason: ({ end }) => end?.reason,
  endedAt: ({ end }) => end?.at,
  endPosition: ({ end }) => end?.position,
  blockedBy: ({ blockedBy }) => blockedBy,
  clientId: ({ client }) => client?.id,
  clientName: ({ client }) => client?.name,
  subject: ({ subject }) => subject,
  sessionId: ({ sessionId }) => sessionId,
  hasIncident: ({ hasIncident }) => hasIncident,
  absoluteExpiresAt: ({ absoluteExpiresAt }) => absoluteExpiresAt,
};
