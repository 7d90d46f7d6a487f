import type { EventType } from '../event-outcomes.js';

/** Grows with every change of a table or a projection: views of another version are built anew. */
export const VIEWS_SCHEMA_VERSION = 3;

/**
 * The tables. Rows are keyed by the position of the event that began them, which is their row id: so
 * every index ends with it unsaid, and rows are only ever added at the end of their table.
 *
 * An address stands in `addresses` alone, as a table that only grows and is overwritten in place never
 * moves what it holds: SQLite leaves copies of moved rows on its pages, out of reach of an erasure.
 */
export const VIEWS_TABLES = [
  `CREATE TABLE progress (
     singleton INTEGER PRIMARY KEY CHECK (singleton = 1),
     log_origin TEXT NOT NULL,
     log_epoch INTEGER NOT NULL,
     position INTEGER,
     event_id TEXT,
     at INTEGER
   ) STRICT`,
  `CREATE TABLE addresses (
     address_id INTEGER PRIMARY KEY,
     address TEXT NOT NULL
   ) STRICT`,
  `CREATE TABLE audit_events (
     position INTEGER PRIMARY KEY,
     at INTEGER NOT NULL,
     type TEXT NOT NULL,
     stream_id TEXT NOT NULL,
     family_id TEXT,
     subject_id TEXT,
     client_id TEXT,
     reason TEXT,
     incident_id TEXT,
     generation INTEGER,
     acting_subject TEXT,
     measures TEXT,
     presentations INTEGER NOT NULL,
     presenter_id TEXT,
     address_id INTEGER
   ) STRICT`,
  `CREATE TABLE families (
     created_position INTEGER PRIMARY KEY,
     family_id TEXT NOT NULL UNIQUE,
     client_id TEXT,
     subject_id TEXT,
     session_id TEXT,
     created_at INTEGER NOT NULL,
     redeemed_position INTEGER,
     ended_position INTEGER,
     ended_at INTEGER,
     end_reason TEXT,
     first_incident_position INTEGER,
     code_expires_at INTEGER,
     absolute_expires_at INTEGER NOT NULL
   ) STRICT`,
  `CREATE TABLE incidents (
     opened_position INTEGER PRIMARY KEY,
     incident_id TEXT NOT NULL UNIQUE,
     kind TEXT NOT NULL,
     family_id TEXT NOT NULL,
     client_id TEXT,
     subject_id TEXT,
     opened_at INTEGER NOT NULL,
     verdict_position INTEGER,
     verdict TEXT
   ) STRICT`,
  `CREATE TABLE client_health (
     client_id TEXT NOT NULL,
     hour INTEGER NOT NULL,
     measure TEXT NOT NULL,
     count INTEGER NOT NULL,
     first_position INTEGER NOT NULL,
     last_position INTEGER NOT NULL,
     PRIMARY KEY (client_id, hour, measure)
   ) STRICT, WITHOUT ROWID`,
  `CREATE TABLE activity (
     client_id TEXT NOT NULL,
     hour INTEGER NOT NULL,
     type TEXT NOT NULL,
     count INTEGER NOT NULL,
     PRIMARY KEY (client_id, hour, type)
   ) STRICT, WITHOUT ROWID`,
];

/** By this one an address is found when it comes again: new views need it from the first row on. */
export const ADDRESS_INDEX = 'CREATE INDEX addresses_by_address ON addresses (address)';

const partialIndex = (table: string, name: string, column: string): string =>
  `CREATE INDEX ${table}_by_${name} ON ${table} (${column}) WHERE ${column} IS NOT NULL`;

/** What a person begins seldom among very many events: it has an index by person of its own. */
export const BEGINNINGS = [
  { type: 'SessionStarted', index: 'audit_events_by_session_start' },
  { type: 'ConsentGiven', index: 'audit_events_by_consent' },
] as const satisfies readonly { readonly type: EventType; readonly index: string }[];

/** What is only needed to read, and made last when views are filled. */
export const VIEWS_INDEXES = [
  partialIndex('audit_events', 'family', 'family_id'),
  partialIndex('audit_events', 'subject', 'subject_id'),
  partialIndex('audit_events', 'client', 'client_id'),
  partialIndex('audit_events', 'reason', 'reason'),
  partialIndex('audit_events', 'incident', 'incident_id'),
  partialIndex('audit_events', 'acting_subject', 'acting_subject'),
  partialIndex('audit_events', 'address', 'address_id'),
  partialIndex('audit_events', 'presenter', 'presenter_id'),
  // Those of families are found by the family.
  'CREATE INDEX audit_events_by_stream ON audit_events (stream_id) WHERE family_id IS NULL',
  ...BEGINNINGS.map(
    ({ type, index }) =>
      `CREATE INDEX ${index} ON audit_events (subject_id) WHERE type = '${type}'`,
  ),
  'CREATE INDEX audit_events_by_type ON audit_events (type)',
  partialIndex('families', 'client', 'client_id'),
  partialIndex('families', 'subject', 'subject_id'),
  partialIndex('families', 'session', 'session_id'),
  partialIndex('families', 'end_reason', 'end_reason'),
  'CREATE INDEX incidents_by_family ON incidents (family_id)',
  partialIndex('incidents', 'client', 'client_id'),
  partialIndex('incidents', 'subject', 'subject_id'),
  'CREATE INDEX incidents_by_kind ON incidents (kind)',
];
