-- The same function with the same answer. The planner is asked once for a session, where it was asked at each
-- call about some of these statements; and the rows of the arrays go straight into the tables, where they were
-- put into a store of their own before.

CREATE OR REPLACE FUNCTION append_events(
    e_job int[], e_id uuid[], e_version bigint[], e_topic text[], e_state bytea[],
    s_job int[], s_id uuid[], s_version bigint[], s_class text[], s_recipient int[],
    s_ciphertext bytea[], s_month text[], s_wrapped bytea[],
    a_job int[], a_id uuid[], a_owner text[], a_lane smallint[], a_due timestamptz[]
) RETURNS int[]
LANGUAGE plpgsql
SET enable_seqscan = off SET enable_hashjoin = off SET enable_mergejoin = off
SET plan_cache_mode = force_generic_plan
AS $$
DECLARE
    refused int[];
BEGIN
    PERFORM pg_advisory_xact_lock(7012026);  -- the order of commits is the order of positions
    refused := ARRAY(
        SELECT DISTINCT stream.job
          FROM (SELECT e.job, e.id, min(e.version) AS first
                  FROM (SELECT unnest(e_job) AS job, unnest(e_id) AS id, unnest(e_version) AS version) AS e
                 GROUP BY e.job, e.id) AS stream
         WHERE stream.first <> 1 + coalesce(
               (SELECT max(t.originator_version) FROM orders_events t
                 WHERE t.originator_id = stream.id), 0));
    -- Rows that are made one by one arrive as they stand in the arrays, and so do the positions.
    INSERT INTO orders_events (originator_id, originator_version, topic, state)
      SELECT e.id, e.version, e.topic, e.state
        FROM (SELECT unnest(e_job) AS job, unnest(e_id) AS id, unnest(e_version) AS version,
                     unnest(e_topic) AS topic, unnest(e_state) AS state) AS e
       WHERE e.job <> ALL (refused);
    IF NOT FOUND THEN
        RETURN refused;
    END IF;
    IF cardinality(s_job) > 0 THEN
        INSERT INTO sealed (order_id, version, class, recipient_no, ciphertext)
          SELECT s.id, s.version, s.class, s.recipient, s.ciphertext
            FROM (SELECT unnest(s_job) AS job, unnest(s_id) AS id, unnest(s_version) AS version,
                         unnest(s_class) AS class, unnest(s_recipient) AS recipient,
                         unnest(s_ciphertext) AS ciphertext) AS s
           WHERE s.job <> ALL (refused);
        INSERT INTO data_key (order_id, version, class, recipient_no, month, wrapped)
          SELECT s.id, s.version, s.class, s.recipient, s.month, s.wrapped
            FROM (SELECT unnest(s_job) AS job, unnest(s_id) AS id, unnest(s_version) AS version,
                         unnest(s_class) AS class, unnest(s_recipient) AS recipient,
                         unnest(s_month) AS month, unnest(s_wrapped) AS wrapped) AS s
           WHERE s.job <> ALL (refused);
    END IF;
    MERGE INTO agenda AS old
    USING (SELECT a.id, a.owner, a.lane, a.due
             FROM (SELECT unnest(a_job) AS job, unnest(a_id) AS id, unnest(a_owner) AS owner,
                          unnest(a_lane) AS lane, unnest(a_due) AS due) AS a
            WHERE a.job <> ALL (refused)
            ORDER BY a.id) AS new
       ON old.order_id = new.id
     WHEN MATCHED AND new.due IS NULL THEN DELETE
     WHEN MATCHED AND old.due_at <> new.due THEN UPDATE SET due_at = new.due
     WHEN NOT MATCHED AND new.due IS NOT NULL THEN
          INSERT (order_id, owner, lane, due_at) VALUES (new.id, new.owner, new.lane, new.due);
    PERFORM pg_notify('varsel_events', '');
    -- A second more, since the writer's clock is another than ours.
    IF now() + interval '1 second' >= ANY (a_due) THEN
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
