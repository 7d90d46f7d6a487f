import type { ListedClient } from './client-health.answer.js';
import type { CsvColumns } from '../access/csv.reply.js';

/** The columns of clients with their health. */
export const listedClientColumns: CsvColumns<ListedClient> = {
  clientId: ({ client }) => client.id,
  clientName: ({ client }) => client.name,
  redeemed: ({ counters }) => counters.redeemed,
  rotated: ({ counters }) => counters.rotated,
  refreshed: ({ counters }) => counters.refreshed,
  retriedWithin2Seconds: ({ counters }) => counters.retriedWithin2Seconds,
  retriedLater: ({ counters }) => counters.retriedLater,
  retriedAtUnknownAge: ({ counters }) => counters.retriedAtUnknownAge,
  retriedByOtherParty: ({ counters }) => counters.retriedByOtherParty,
  refreshedEarly: ({ counters }) => counters.refreshedEarly,
  presentedByOtherClient: ({ counters }) => counters.presentedByOtherClient,
  staleInsideWindow: ({ counters }) => counters.staleInsideWindow,
  reuse: ({ counters }) => counters.reuse,
  rejectedByReason: ({ counters }) => counters.rejectedByReason,
  findings: ({ findings }) => findings,
  firstPosition: ({ firstPosition }) => firstPosition,
  lastPosition: ({ lastPosition }) => lastPosition,
  partialHour: ({ partialHour }) => partialHour,
};
