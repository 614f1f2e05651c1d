-- What changed what can be seen of an order, by the position of the event in the log.

CREATE TABLE status_feed (
    generation integer NOT NULL,
    position   bigint  NOT NULL,
    owner      text,
    order_id   uuid    NOT NULL,
    version    integer NOT NULL,
    is_end     boolean NOT NULL,
    PRIMARY KEY (generation, position)
);
CREATE INDEX status_feed_every ON status_feed (generation, owner, position);
CREATE INDEX status_feed_ends ON status_feed (generation, owner, position) WHERE is_end;
CREATE INDEX status_feed_placed ON status_feed (generation, order_id) WHERE version = 1;

-- Only an order's first event tells whose it is. The rows of one statement are inserted in the
-- order of the log, and each sees those before it, so the owner is always there already.
CREATE FUNCTION status_feed_owner() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NEW.owner IS NULL THEN
        SELECT owner INTO NEW.owner FROM status_feed
         WHERE generation = NEW.generation AND order_id = NEW.order_id AND version = 1;
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER status_feed_owner BEFORE INSERT ON status_feed
   FOR EACH ROW EXECUTE FUNCTION status_feed_owner();
