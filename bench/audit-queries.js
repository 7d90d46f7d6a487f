// @ts-check
import { BEGIN } from './replay-ledger.js';

/**
 * Ids that a ledger holds.
 * @typedef {object} Known
 * @property {string[]} families
 * @property {string[]} incidents
 * @property {string[]} subjects
 * @property {string[]} clients
 * @property {string[]} addresses
 * @property {number} size events
 */

const DAY = 86_400_000;

/** The clients of the first year of the ledger: a longer time cannot be asked for. */
export const CLIENTS_OF_A_YEAR = `clients?${new URLSearchParams({
  from: new Date(BEGIN).toISOString(),
  to: new Date(BEGIN + 366 * DAY).toISOString(),
}).toString()}`;

/**
 * The queries that are measured; each is asked of another id every time.
 * @type {{ title: string, urlOf: (known: Known, index: number) => string }[]}
 */
export const QUERIES = [
  { title: 'family', urlOf: ({ families }, index) => `families/${one(families, index)}` },
  {
    title: 'family timeline',
    urlOf: ({ families }, index) => `families/${one(families, index)}/events`,
  },
  {
    title: 'family lineage',
    urlOf: ({ families }, index) => `families/${one(families, index)}/lineage`,
  },
  {
    title: 'family half way',
    urlOf: ({ families, size }, index) => `families/${one(families, index)}?at=${size - 1000}`,
  },
  { title: 'incidents page', urlOf: () => 'incidents?limit=50' },
  {
    title: 'incidents page of a client',
    urlOf: ({ clients }, index) => `incidents?limit=50&client=${one(clients, index)}`,
  },
  { title: 'incident', urlOf: ({ incidents }, index) => `incidents/${one(incidents, index)}` },
  {
    title: 'families page of a subject',
    urlOf: ({ subjects }, index) => `families?limit=50&subject=${one(subjects, index)}`,
  },
  {
    title: 'events page of a subject',
    urlOf: ({ subjects }, index) => `events?limit=50&subject=${one(subjects, index)}`,
  },
  {
    title: 'events page of an address',
    urlOf: ({ addresses }, index) => `events?limit=50&address=${one(addresses, index)}`,
  },
  {
    title: 'events page of a client and a type',
    urlOf: ({ clients }, index) =>
      `events?limit=50&order=newest&client=${one(clients, index)}&type=RefreshTokenReuseDetected`,
  },
  {
    title: 'events page of a reason and an address',
    urlOf: ({ addresses }, index) =>
      `events?limit=50&reason=superseded_generation&address=${one(addresses, index)}`,
  },
  { title: 'subject', urlOf: ({ subjects }, index) => `subjects/${one(subjects, index)}` },
  { title: 'clients page', urlOf: () => CLIENTS_OF_A_YEAR },
];

/**
 * @param {readonly string[]} ids
 * @param {number} index
 */
function one(ids, index) {
  return ids[(index * 7919) % ids.length] ?? '';
}
