import type Database from 'better-sqlite3';
import type { Owners } from '../event-owners.js';
import type { ViewsOrigin } from '../views-store.port.js';
import { ViewsUnreadable } from '../views.errors.js';

type Value = string | number | null;

/** The row of `progress`. */
export interface ProgressRow {
  readonly logOrigin: string;
  readonly logEpoch: number;
  readonly position: number | null;
  readonly eventId: string | null;
  readonly at: number | null;
}

/** Reads the row of `progress`. */
export const PROGRESS_QUERY = `SELECT log_origin AS logOrigin, log_epoch AS logEpoch, position,
  event_id AS eventId, at FROM progress`;

/** What views were made from, as their row of progress says it. Throws ViewsUnreadable without it. */
export function originOf(row: ProgressRow | undefined): ViewsOrigin {
  if (row === undefined) throw new ViewsUnreadable('the views have no progress');
  const { logOrigin: origin, logEpoch: epoch, position, eventId: id, at } = row;
  const isEmpty = position === null || id === null || at === null;
  return { log: { origin, epoch }, newest: isEmpty ? null : { position, id, at } };
}

/** The prepared statements that write views, made once for a handle. */
export type ViewsStatements = ReturnType<typeof prepareViewsStatements>;

/** Prepares every statement that writes views, but for those of addresses. */
export function prepareViewsStatements(handle: Database.Database) {
  const write = (sql: string): Database.Statement<Value[]> => handle.prepare<Value[]>(sql);
  return {
    begin: handle.prepare('BEGIN IMMEDIATE'),
    commit: handle.prepare('COMMIT'),
    rollback: handle.prepare('ROLLBACK'),
    progress: handle.prepare<[], ProgressRow>(PROGRESS_QUERY),
    advance: write('UPDATE progress SET position = ?, event_id = ?, at = ? WHERE position IS ?'),
    owners: handle.prepare<[number], Owners>(
      `SELECT family_id AS familyId, subject_id AS subject, client_id AS clientId
       FROM audit_events WHERE position = ?`,
    ),
    insertEvent: write(
      `INSERT INTO audit_events (position, at, type, stream_id, family_id, subject_id, client_id,
         reason, incident_id, generation, acting_subject, measures, presentations, presenter_id, address_id)
       VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
    ),
    insertFamily: write(
      `INSERT INTO families (created_position, family_id, client_id, subject_id, session_id,
         created_at, code_expires_at, absolute_expires_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?)`,
    ),
    updateFamily: write(
      `UPDATE families SET redeemed_position = coalesce(redeemed_position, ?),
         ended_position = coalesce(ended_position, ?), ended_at = coalesce(ended_at, ?),
         end_reason = coalesce(end_reason, ?),
         first_incident_position = coalesce(first_incident_position, ?)
       WHERE family_id = ?`,
    ),
    insertIncident: write(
      `INSERT INTO incidents (opened_position, incident_id, kind, family_id, client_id, subject_id,
         opened_at) VALUES (?, ?, ?, ?, ?, ?, ?)`,
    ),
    updateIncident: write(
      'UPDATE incidents SET verdict_position = ?, verdict = ? WHERE incident_id = ?',
    ),
    addHealth: write(
      `INSERT INTO client_health (client_id, hour, measure, count, first_position, last_position)
       VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT DO UPDATE
       SET count = count + excluded.count, last_position = excluded.last_position`,
    ),
    addActivity: write(
      `INSERT INTO activity (client_id, hour, type, count) VALUES (?, ?, ?, ?)
       ON CONFLICT DO UPDATE SET count = count + excluded.count`,
    ),
    ...prepareErasure(handle),
  };
}

/** An erasure looks for rows that are a subject's, and for those of what it did as somebody else. */
function prepareErasure(handle: Database.Database) {
  const ofSubject = (column: string): string =>
    `${column} = ? AND position <= ? AND address_id IS NOT NULL`;
  const both = (statement: (column: string) => string) =>
    [statement('subject_id'), statement('acting_subject')] as const;
  return {
    addressesOf: both(
      (column) => `SELECT DISTINCT address_id FROM audit_events WHERE ${ofSubject(column)}`,
    ).map((sql) => handle.prepare<[string, number], number>(sql).pluck()),
    eraseAddresses: both(
      (column) => `UPDATE audit_events SET address_id = NULL WHERE ${ofSubject(column)}`,
    ).map((sql) => handle.prepare<[string, number]>(sql)),
    erasures: handle.prepare<[number], { subject: string; position: number }>(
      `SELECT subject_id AS subject, position FROM audit_events
       WHERE type = 'AccountErased' AND position > ? ORDER BY position LIMIT 1000`,
    ),
  };
}
