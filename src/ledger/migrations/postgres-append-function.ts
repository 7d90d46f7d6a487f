/** The first of the two numbers of the advisory lock under which a log is appended to. */
export const LOG_LOCK_CLASS = 0x746c6f67;

/** So far a time may lie before that of the last event, in milliseconds: clocks of nodes differ. */
const TIME_SLACK = 1000;

/** What the append fails with when the clock of its node is ahead of that of the database. */
export const CLOCK_AHEAD = 'TL001';
/**
 * So far it may be ahead, in milliseconds, unless `token_ledger.clock_ahead_max` of the database says
 * otherwise: what is recorded in the future stops all nodes whose clocks are right.
 */
const CLOCK_AHEAD_MAX = 60_000;

/** What the append fails with when the ledger has fewer events than it had when this node last wrote. */
export const LEDGER_OLDER = 'TL002';

/**
 * Appends to the ledger, in one call and so in one transaction that waits for no client.
 *
 * `seen` has the version of each stream that decisions were made on (0: none) and its digest, by which
 * another history of as many events is told, `events` what they append; both name the unit of decisions
 * that belong together. A unit of which another version was seen is left out whole and answered in
 * `stale`, with those streams as they are now in `fresh`. When
 * the epoch or the directory is not what the decisions saw, or the last event is later than they by
 * more than clocks differ, nothing is appended: `moved`. The call fails when the ledger has fewer than
 * `of_size` events: an older copy must not grow. The last event of a stream carries what the
 * stream is after it. `texts` has the bodies and states one after the other: they are most of what is
 * sent, and as JSON they would be escaped here and read twice there.
 *
 * Everything that appends holds the lock of the log from before it compares until after its commit, so
 * what was compared stays as it was, and positions have no gaps. It is taken in a statement of its own:
 * the snapshot of the next one is younger than the lock. Without events it is not needed, for the one
 * statement that compares sees one moment.
 */
export const APPEND_FUNCTION = `CREATE FUNCTION ledger.append(
  of_log integer, of_epoch integer, of_size bigint, of_directory uuid, recorded_at bigint, seen json, events json,
  texts bytea, new_keys json, changes_directory boolean, new_epoch integer, new_origin text,
  OUT moved boolean, OUT stale integer[], OUT fresh json, OUT origin text, OUT epoch integer,
  OUT directory bigint, OUT nonce uuid, OUT first_position bigint, OUT appended_at bigint
) LANGUAGE plpgsql SECURITY INVOKER
  SET search_path = pg_catalog, pg_temp
  SET plan_cache_mode = force_generic_plan
  SET enable_seqscan = off SET enable_bitmapscan = off SET enable_material = off
  SET enable_hashjoin = off SET enable_mergejoin = off
AS $append$
#variable_conflict use_column
DECLARE
  wanted_count integer;
  written_count integer;
  milliseconds_ahead bigint := recorded_at - extract(epoch FROM clock_timestamp()) * 1000;
BEGIN
  IF milliseconds_ahead > coalesce(
    nullif(current_setting('token_ledger.clock_ahead_max', true), ''), '${CLOCK_AHEAD_MAX}')::bigint
  THEN
    RAISE EXCEPTION 'the clock of this node is % s ahead of that of its database: set the clock',
      milliseconds_ahead / 1000 USING ERRCODE = '${CLOCK_AHEAD}';
  END IF;
  IF json_array_length(events) > 0 THEN
    PERFORM pg_advisory_xact_lock(${LOG_LOCK_CLASS}, of_log);
  END IF;
  SELECT v.version, v.nonce, l.origin, l.epoch, coalesce(e.position, -1) + 1, coalesce(e.appended_at, 0),
    c.stale, c.fresh
  INTO STRICT append.directory, append.nonce, append.origin, append.epoch, append.first_position,
    append.appended_at, append.stale, append.fresh
  FROM ledger.directory_version v
  CROSS JOIN LATERAL (
    SELECT origin, epoch FROM ledger.logs WHERE log_id = of_log ORDER BY epoch DESC LIMIT 1) l
  LEFT JOIN LATERAL (
    SELECT position, appended_at FROM ledger.events WHERE log_id = of_log
    ORDER BY position DESC LIMIT 1) e ON true
  CROSS JOIN LATERAL (
    SELECT coalesce(array_agg(DISTINCT n.unit), '{}') AS stale,
      coalesce(json_agg(json_build_array(n.stream_id, s.project_id, s.version, s.last_position,
        s.digest, s.state)), '[]') AS fresh
    FROM json_to_recordset(append.seen) AS n(unit integer, stream_id text, version integer,
      digest text)
    LEFT JOIN ledger.streams s ON s.log_id = of_log AND s.stream_id = n.stream_id
    WHERE coalesce(s.version, 0) <> n.version OR s.digest IS DISTINCT FROM n.digest) c;

  IF append.first_position < of_size THEN
    RAISE EXCEPTION 'an old copy of the ledger was put in its place while this node ran: it has % events, and had %',
      append.first_position, of_size USING ERRCODE = '${LEDGER_OLDER}';
  END IF;
  append.moved := append.epoch <> of_epoch OR append.nonce <> of_directory
    OR append.appended_at > recorded_at + ${TIME_SLACK};
  IF append.moved OR json_array_length(append.events) = 0 THEN RETURN; END IF;
  append.appended_at := greatest(append.appended_at, recorded_at);

  WITH placed AS (
    SELECT e.*, of_log AS log_id,
      append.first_position + row_number() OVER (ORDER BY e.place) - 1 AS position
    FROM ROWS FROM (json_to_recordset(append.events) AS (
      unit integer, stream_id text, version integer, previous bigint, type text, body_at integer,
      body_bytes integer, salt text, address text, user_agent text, request_id text,
      before integer, kind text, project_id text, subject_id text, client_id text, digest text,
      state_at integer, state_bytes integer)) WITH ORDINALITY AS e(unit, stream_id, version,
      previous, type, body_at, body_bytes, salt, address, user_agent, request_id, before, kind,
      project_id, subject_id, client_id, digest, state_at, state_bytes, place)
    WHERE e.unit <> ALL (append.stale)
  ), appended AS (
    INSERT INTO ledger.events (log_id, position, stream_id, stream_version, previous_position, type,
      appended_at, body)
    SELECT log_id, position, stream_id, version,
      coalesce(previous, lag(position) OVER (PARTITION BY stream_id ORDER BY position)), type,
      append.appended_at,
      convert_from(substring(append.texts FROM body_at FOR body_bytes), 'UTF8')
    FROM placed ORDER BY position
  ), told AS (
    INSERT INTO ledger.origins (log_id, position, salt, address, user_agent, request_id)
    SELECT log_id, position, salt, address, user_agent, request_id FROM placed
    WHERE salt IS NOT NULL ORDER BY position
  ), begun AS (
    INSERT INTO ledger.streams (log_id, stream_id, kind, project_id, subject_id, client_id, version,
      last_position, digest, state)
    SELECT log_id, stream_id, kind, project_id, subject_id, client_id, version, position, digest,
      convert_from(substring(append.texts FROM state_at FOR state_bytes), 'UTF8')
    FROM placed WHERE before = 0
    RETURNING 1
  ), advanced AS (
    UPDATE ledger.streams s
    SET version = p.version, last_position = p.position, digest = p.digest,
      state = convert_from(substring(append.texts FROM p.state_at FOR p.state_bytes), 'UTF8')
    FROM placed p
    WHERE p.before > 0 AND s.log_id = p.log_id AND s.stream_id = p.stream_id AND s.version = p.before
    RETURNING 1
  )
  SELECT (SELECT count(*) FROM placed WHERE before IS NOT NULL),
    (SELECT count(*) FROM begun) + (SELECT count(*) FROM advanced)
  INTO STRICT wanted_count, written_count;
  IF wanted_count <> written_count THEN
    RAISE EXCEPTION 'a stream is not at its version' USING ERRCODE = 'data_corrupted';
  END IF;

  IF written_count = 0 THEN RETURN; END IF;
  IF changes_directory THEN
    INSERT INTO ledger.directory_keys (project_id, key_kind, key, stream_id)
    SELECT project_id, key_kind, key, stream_id FROM json_to_recordset(append.new_keys) AS k(
      project_id text, key_kind text, key text, stream_id text);
    UPDATE ledger.directory_version SET version = version + 1, nonce = gen_random_uuid()
    RETURNING version, directory_version.nonce INTO STRICT append.directory, append.nonce;
  END IF;
  IF new_epoch > append.epoch THEN
    INSERT INTO ledger.logs (log_id, origin, epoch, open)
    VALUES (of_log, new_origin, new_epoch, 1);
    append.origin := new_origin;
    append.epoch := new_epoch;
  END IF;
  IF (new_origin, new_epoch) <> (append.origin, append.epoch) THEN
    RAISE EXCEPTION 'the log and its own stream disagree about who it is'
    USING ERRCODE = 'data_corrupted';
  END IF;
END $append$`;
