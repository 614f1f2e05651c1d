-- What became of notifications, for the figures: one row for each event that says something of it,
-- and one for each order that was placed (notification -1). How far one has come is its greatest rank.

CREATE TABLE notification_result (
    generation      integer     NOT NULL,
    position        bigint      NOT NULL,
    notification_no integer     NOT NULL,
    order_id        uuid        NOT NULL,
    rank            smallint    NOT NULL,
    recorded_at     timestamptz NOT NULL,
    channel         text,
    owner           text,
    requested_time  timestamptz,
    PRIMARY KEY (generation, position, notification_no)
);
CREATE INDEX notification_result_month ON notification_result (generation, requested_time);
CREATE INDEX notification_result_ends ON notification_result (generation, channel, recorded_at)
 WHERE rank >= 2;
CREATE INDEX notification_result_of ON notification_result (generation, order_id, notification_no);

-- Only the first event of an order tells whose it is, and only the first one of a notification its
-- channel. The rows of one statement are inserted in the order of the log, and each sees those before.
CREATE FUNCTION notification_result_whose() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NEW.owner IS NULL THEN
        SELECT owner, requested_time INTO NEW.owner, NEW.requested_time FROM notification_result
         WHERE generation = NEW.generation AND order_id = NEW.order_id AND notification_no = -1;
    END IF;
    IF NEW.channel IS NULL AND NEW.notification_no >= 0 THEN
        SELECT channel INTO NEW.channel FROM notification_result
         WHERE generation = NEW.generation AND order_id = NEW.order_id
           AND notification_no = NEW.notification_no AND channel IS NOT NULL LIMIT 1;
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER notification_result_whose BEFORE INSERT ON notification_result
   FOR EACH ROW EXECUTE FUNCTION notification_result_whose();
