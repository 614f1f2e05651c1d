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
    lane         smallint    NOT NULL,
    due_at       timestamptz NOT NULL,
    leased_until timestamptz NOT NULL DEFAULT '-infinity',
    worker       text
) WITH (fillfactor = 70, autovacuum_vacuum_scale_factor = 0.02, autovacuum_vacuum_cost_delay = 0);
CREATE INDEX agenda_ready ON agenda (lane, greatest(due_at, leased_until), order_id);

-- Append what several writers have ready, each all or nothing, in one transaction and one order.
-- `job` says which append a row belongs to; the answer names the appends whose versions are taken.
-- An agenda row without a moment takes the order off the agenda.
-- The planner is told to go by the indexes: in a new table it would choose to read it all, for ever.
CREATE FUNCTION append_events(
    e_job int[], e_id uuid[], e_version bigint[], e_topic text[], e_state bytea[],
    s_job int[], s_id uuid[], s_version bigint[], s_class text[], s_recipient int[],
    s_ciphertext bytea[], s_month text[], s_wrapped bytea[],
    a_job int[], a_id uuid[], a_owner text[], a_lane smallint[], a_due timestamptz[],
    OUT refused int[], OUT last_id bigint
)
LANGUAGE plpgsql
SET enable_seqscan = off SET enable_hashjoin = off SET enable_mergejoin = off
AS $$
BEGIN
    PERFORM pg_advisory_xact_lock(7012026);  -- the order of commits is the order of positions
    SELECT array_agg(DISTINCT e.job) INTO refused
      FROM unnest(e_job, e_id, e_version) AS e(job, id, version)
      JOIN orders_events t ON t.originator_id = e.id AND t.originator_version = e.version;
    INSERT INTO orders_events (originator_id, originator_version, topic, state)
      SELECT e.id, e.version, e.topic, e.state
        FROM unnest(e_job, e_id, e_version, e_topic, e_state) WITH ORDINALITY
             AS e(job, id, version, topic, state, o)
       WHERE refused IS NULL OR e.job <> ALL (refused)
       ORDER BY e.o;
    IF NOT FOUND THEN
        RETURN;
    END IF;
    last_id := currval('orders_events_notification_id_seq');
    IF cardinality(s_job) > 0 THEN
        INSERT INTO sealed (order_id, version, class, recipient_no, ciphertext)
          SELECT s.id, s.version, s.class, s.recipient, s.ciphertext
            FROM unnest(s_job, s_id, s_version, s_class, s_recipient, s_ciphertext)
                 AS s(job, id, version, class, recipient, ciphertext)
           WHERE refused IS NULL OR s.job <> ALL (refused);
        INSERT INTO data_key (order_id, version, class, recipient_no, month, wrapped)
          SELECT s.id, s.version, s.class, s.recipient, s.month, s.wrapped
            FROM unnest(s_job, s_id, s_version, s_class, s_recipient, s_month, s_wrapped)
                 AS s(job, id, version, class, recipient, month, wrapped)
           WHERE refused IS NULL OR s.job <> ALL (refused);
    END IF;
    INSERT INTO agenda AS old (order_id, owner, lane, due_at)
      SELECT a.id, a.owner, a.lane, a.due
        FROM unnest(a_job, a_id, a_owner, a_lane, a_due) AS a(job, id, owner, lane, due)
       WHERE a.due IS NOT NULL AND (refused IS NULL OR a.job <> ALL (refused))
      ON CONFLICT (order_id) DO UPDATE SET due_at = excluded.due_at
       WHERE old.due_at <> excluded.due_at;
    DELETE FROM agenda
     USING unnest(a_job, a_id, a_due) AS a(job, id, due)
     WHERE agenda.order_id = a.id AND a.due IS NULL
       AND (refused IS NULL OR a.job <> ALL (refused));
    PERFORM pg_notify('varsel_events', '');
    IF EXISTS (SELECT FROM unnest(a_due) AS due WHERE due <= now()) THEN
        PERFORM pg_notify('varsel_agenda', '');
    END IF;
END
$$;
