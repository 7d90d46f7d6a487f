import type { CsvColumns } from '../access/csv.reply.js';
import type { ListedRevocationAnswer } from './revocation.answer.js';

/** The columns of revocations. */
export const listedRevocationColumns: CsvColumns<ListedRevocationAnswer> = {
  id: ({ id }) => id,
  status: ({ status }) => status,
  selectorKind: ({ selector }) => selector.kind,
  selectorId: ({ selector }) => selector.id,
  from: ({ selector }) => selector.from,
  to: ({ selector }) => selector.to,
  position: ({ position }) => position,
  families: ({ families }) => families,
  clientTokens: ({ clientTokens }) => clientTokens,
  setDigest: ({ setDigest }) => setDigest,
  mark: ({ mark }) => mark,
  tokensNotBefore: ({ tokensNotBefore }) => tokensNotBefore,
  noMarkBecause: ({ noMarkBecause }) => noMarkBecause,
  startedAt: ({ startedAt }) => startedAt,
  progress: ({ progress }) => progress,
  completedAt: ({ result }) => result?.completedAt,
  familiesRevoked: ({ result }) => result?.familiesRevoked,
  familiesEnded: ({ result }) => result?.familiesEnded,
};
