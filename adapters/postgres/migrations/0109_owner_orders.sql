-- Which orders were counted against their owners' ceilings, so that each is counted once, whatever became
-- of its first request; `asked` says how many requests stand behind the count.

CREATE TABLE owner_order (
    order_id   uuid    PRIMARY KEY,
    owner      text    NOT NULL,
    day        date    NOT NULL,
    recipients bigint  NOT NULL CHECK (recipients >= 0),
    segments   bigint  NOT NULL CHECK (segments >= 0),
    asked      integer NOT NULL DEFAULT 1 CHECK (asked > 0)
);
CREATE INDEX owner_order_by_day ON owner_order (owner, day);

-- Counts an order and tells what its owner has used that day; no row if it does not fit.
-- The order's own row comes first, so that those who ask for it at the same moment wait for each other.
-- Of the rows from before `remembered`, each order takes two away: never many at once.
CREATE FUNCTION count_order(
    whose text, today date, more_recipients bigint, more_segments bigint,
    most_recipients bigint, most_segments bigint, counted_id uuid, remembered date
) RETURNS TABLE (used_recipients bigint, used_segments bigint)
LANGUAGE plpgsql
AS $$
DECLARE
    requests int := 1;
BEGIN
    IF counted_id IS NOT NULL THEN
        INSERT INTO owner_order AS counted (order_id, owner, day, recipients, segments)
        VALUES (counted_id, whose, today, more_recipients, more_segments)
        ON CONFLICT (order_id) DO UPDATE SET asked = counted.asked + 1
        RETURNING asked INTO requests;
    END IF;
    IF requests > 1 THEN
        RETURN QUERY SELECT coalesce(sum(recipients)::bigint, 0), coalesce(sum(segments)::bigint, 0)
                       FROM owner_usage WHERE owner = whose AND day = today;
        RETURN;
    END IF;
    RETURN QUERY
        INSERT INTO owner_usage AS so_far (owner, day, recipients, segments)
        SELECT whose, today, more_recipients, more_segments
         WHERE more_recipients <= coalesce(most_recipients, more_recipients)
           AND more_segments <= coalesce(most_segments, more_segments)
        ON CONFLICT (owner, day) DO UPDATE
           SET recipients = so_far.recipients + excluded.recipients,
               segments = so_far.segments + excluded.segments
         WHERE so_far.recipients + excluded.recipients
               <= coalesce(most_recipients, so_far.recipients + excluded.recipients)
           AND so_far.segments + excluded.segments
               <= coalesce(most_segments, so_far.segments + excluded.segments)
        RETURNING recipients, segments;
    IF NOT FOUND THEN
        DELETE FROM owner_order WHERE order_id = counted_id;
    END IF;
    DELETE FROM owner_order WHERE order_id IN (
        SELECT order_id FROM owner_order WHERE owner = whose AND day < remembered
         LIMIT 2 FOR UPDATE SKIP LOCKED);
END
$$;
