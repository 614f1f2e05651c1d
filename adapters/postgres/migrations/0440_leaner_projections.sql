-- Every row of these tables stood in one index more than is asked by: that which kept a row from being there
-- twice. One that is asked by keeps it, too, since a position is an event's alone. All three are made before
-- any is dropped, so that readers wait for none of them to be made.

CREATE UNIQUE INDEX status_feed_once ON status_feed (generation, owner, position);
CREATE UNIQUE INDEX notification_result_once
    ON notification_result (generation, order_id, notification_no, position);
CREATE UNIQUE INDEX order_index_once
    ON order_index (generation, owner, hashtextextended(senders_reference, 0), position);

DROP INDEX status_feed_every, notification_result_of, order_index_reference;
ALTER TABLE status_feed DROP CONSTRAINT status_feed_pkey;
ALTER TABLE notification_result DROP CONSTRAINT notification_result_pkey;
ALTER TABLE order_index DROP CONSTRAINT order_index_pkey;
