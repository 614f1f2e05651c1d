-- The histories of orders, in the columns that the eventsourcing library knows, and what belongs to them:
-- sealed personal data, its keys, and the agenda. All four are written in one transaction.

CREATE TABLE orders_events (
    originator_id      uuid   NOT NULL,
    originator_version bigint NOT NULL,
    topic              text   NOT NULL,
    state              bytea  NOT NULL,
    notification_id    bigserial,
    PRIMARY KEY (originator_id, originator_version)
);
CREATE UNIQUE INDEX orders_events_notification_id_idx ON orders_events (notification_id);

CREATE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'history is never changed: % on % is refused', TG_OP, TG_TABLE_NAME;
END
$$;
CREATE TRIGGER orders_events_never_change BEFORE UPDATE OR DELETE ON orders_events
    FOR EACH ROW EXECUTE FUNCTION refuse_change();
CREATE TRIGGER orders_events_never_truncate BEFORE TRUNCATE ON orders_events
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
-- Also for a session that pretends to be a replica.
ALTER TABLE orders_events ENABLE ALWAYS TRIGGER orders_events_never_change;
ALTER TABLE orders_events ENABLE ALWAYS TRIGGER orders_events_never_truncate;

-- By this type the library hands events over when it inserts them itself.
CREATE TYPE stored_event_uuid AS (
    originator_id uuid, originator_version bigint, topic text, state bytea);

-- How far a reader has come that follows the log by the eventsourcing library, in the library's columns.
CREATE TABLE orders_tracking (
    application_name text,
    notification_id  bigint,
    PRIMARY KEY (application_name)
);
-- By this row the library knows that the table has one row for each reader.
INSERT INTO orders_tracking VALUES ('__migration__', 1);

-- One box of words: those of one class that belong to one recipient in one event.
-- `recipient_no` is -1 for words that belong to the whole order.
CREATE TABLE sealed (
    order_id     uuid     NOT NULL,
    version      bigint   NOT NULL,
    class        text     NOT NULL CHECK (class IN ('content', 'contact')),
    recipient_no integer  NOT NULL,
    ciphertext   bytea    NOT NULL,
    PRIMARY KEY (order_id, version, class, recipient_no)
);

-- The key of one box, wrapped by a key of the month that is in no database.
CREATE TABLE data_key (
    order_id     uuid     NOT NULL,
    version      bigint   NOT NULL,
    class        text     NOT NULL CHECK (class IN ('content', 'contact')),
    recipient_no integer  NOT NULL,
    month        text     NOT NULL,
    wrapped      bytea    NOT NULL,
    PRIMARY KEY (order_id, version, class, recipient_no)
);

-- When each unfinished order next needs something. Lanes: 0 instant, 1 normal, 2 bulk.
CREATE TABLE agenda (
    order_id     uuid        PRIMARY KEY,
    owner        text        NOT NULL,
    lane         smallint    NOT NULL CHECK (lane IN (0, 1, 2)),
    due_at       timestamptz NOT NULL,
    leased_until timestamptz NOT NULL DEFAULT '-infinity',
    worker       text
) WITH (fillfactor = 70, autovacuum_vacuum_scale_factor = 0.02, autovacuum_vacuum_cost_delay = 0);
CREATE INDEX agenda_ready ON agenda (lane, greatest(due_at, leased_until), order_id);

-- Append what several writers have ready, each all or nothing, in one transaction and one order.
-- `job` says which append a row belongs to; the answer names the appends that were refused, because
-- an order's history does not end right before their events. An agenda row without a moment takes
-- the order off the agenda; a lease is never touched.
-- The planner is told to go by the indexes: in a new table it would choose to read it all, for ever.
-- Whoever locks agenda rows and waits for them does so in the order of `order_id`, as is done here.
CREATE FUNCTION append_events(
    e_job int[], e_id uuid[], e_version bigint[], e_topic text[], e_state bytea[],
    s_job int[], s_id uuid[], s_version bigint[], s_class text[], s_recipient int[],
    s_ciphertext bytea[], s_month text[], s_wrapped bytea[],
    a_job int[], a_id uuid[], a_owner text[], a_lane smallint[], a_due timestamptz[]
) RETURNS int[]
LANGUAGE plpgsql
SET enable_seqscan = off SET enable_hashjoin = off SET enable_mergejoin = off
AS $$
DECLARE
    refused int[];
BEGIN
    PERFORM pg_advisory_xact_lock(7012026);  -- the order of commits is the order of positions
    refused := ARRAY(
        SELECT DISTINCT stream.job
          FROM (SELECT e.job, e.id, min(e.version) AS first
                  FROM unnest(e_job, e_id, e_version) AS e(job, id, version)
                 GROUP BY e.job, e.id) AS stream
         WHERE stream.first <> 1 + coalesce(
               (SELECT max(t.originator_version) FROM orders_events t
                 WHERE t.originator_id = stream.id), 0));
    INSERT INTO orders_events (originator_id, originator_version, topic, state)
      SELECT e.id, e.version, e.topic, e.state
        FROM unnest(e_job, e_id, e_version, e_topic, e_state) WITH ORDINALITY
             AS e(job, id, version, topic, state, place)
       WHERE e.job <> ALL (refused)
       ORDER BY e.place;
    IF NOT FOUND THEN
        RETURN refused;
    END IF;
    IF cardinality(s_job) > 0 THEN
        INSERT INTO sealed (order_id, version, class, recipient_no, ciphertext)
          SELECT s.id, s.version, s.class, s.recipient, s.ciphertext
            FROM unnest(s_job, s_id, s_version, s_class, s_recipient, s_ciphertext)
                 AS s(job, id, version, class, recipient, ciphertext)
           WHERE s.job <> ALL (refused);
        INSERT INTO data_key (order_id, version, class, recipient_no, month, wrapped)
          SELECT s.id, s.version, s.class, s.recipient, s.month, s.wrapped
            FROM unnest(s_job, s_id, s_version, s_class, s_recipient, s_month, s_wrapped)
                 AS s(job, id, version, class, recipient, month, wrapped)
           WHERE s.job <> ALL (refused);
    END IF;
    MERGE INTO agenda AS old
    USING (SELECT a.id, a.owner, a.lane, a.due
             FROM unnest(a_job, a_id, a_owner, a_lane, a_due) AS a(job, id, owner, lane, due)
            WHERE a.job <> ALL (refused)
            ORDER BY a.id) AS new
       ON old.order_id = new.id
     WHEN MATCHED AND new.due IS NULL THEN DELETE
     WHEN MATCHED AND old.due_at <> new.due THEN UPDATE SET due_at = new.due
     WHEN NOT MATCHED AND new.due IS NOT NULL THEN
          INSERT (order_id, owner, lane, due_at) VALUES (new.id, new.owner, new.lane, new.due);
    PERFORM pg_notify('varsel_events', '');
    -- A second more, since the writer's clock is another than ours.
    IF EXISTS (SELECT FROM unnest(a_due) AS due WHERE due <= now() + interval '1 second') THEN
        PERFORM pg_notify('varsel_agenda', '');
    END IF;
    RETURN refused;
END
$$;

-- Names are looked up where the tables were made, whatever the caller's search path says.
DO $$
BEGIN
    EXECUTE format('ALTER FUNCTION append_events SET search_path = %I, pg_temp', current_schema());
END
$$;
