-- Each projection goes its own way: what one cannot take is set aside, indexes over the words of others
-- index a hash, and whose an event is, is known before its row is written.

-- Events that a projection could not take, and why; nobody's words stand here.
CREATE TABLE projection_failure (
    name         text        NOT NULL,
    generation   integer     NOT NULL,
    position     bigint      NOT NULL,
    order_id     uuid        NOT NULL,
    reason       text        NOT NULL,
    set_aside_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (name, generation, position),
    FOREIGN KEY (name, generation) REFERENCES projection ON DELETE CASCADE
);
CREATE INDEX projection_failure_of_order ON projection_failure (name, generation, order_id);

-- A reference may be longer than what an index takes.
DROP INDEX order_index_reference;
CREATE INDEX order_index_reference
    ON order_index (generation, owner, hashtextextended(senders_reference, 0), position);
ALTER TABLE delivery_reference DROP CONSTRAINT delivery_reference_pkey;
CREATE UNIQUE INDEX delivery_reference_once ON delivery_reference
    (generation, provider, hashtextextended(reference, 0), hashtextextended(reference, 1));

-- A row without an owner is told to nobody. A process of the version before writes such rows where an
-- order began earlier: from now on it is refused, its position stays where it is, and nothing is lost.
DROP TRIGGER status_feed_owner ON status_feed;
DROP FUNCTION status_feed_owner();
DROP INDEX status_feed_placed;
DELETE FROM status_feed WHERE owner IS NULL;
ALTER TABLE status_feed ALTER COLUMN owner SET NOT NULL;

-- A cancellation is an end, too.
UPDATE status_feed f SET is_end = true FROM orders_events e
 WHERE e.notification_id = f.position AND e.topic = 'order.cancelled';

-- What each owner ordered for a month (UTC) and what became of it, kept as the events come. With the
-- columns that it was counted by until now, a process of the version before is refused here, too.
CREATE TABLE owner_month (
    generation              integer NOT NULL,
    month                   date    NOT NULL,
    owner                   text    NOT NULL,
    orders                  bigint  NOT NULL,
    emails                  bigint  NOT NULL,
    emails_succeeded        bigint  NOT NULL,
    text_messages           bigint  NOT NULL,
    text_messages_succeeded bigint  NOT NULL,
    PRIMARY KEY (generation, month, owner)
);
INSERT INTO owner_month
SELECT generation, date_trunc('month', requested_time AT TIME ZONE 'UTC')::date, owner,
       count(*) FILTER (WHERE notification_no = -1),
       count(*) FILTER (WHERE channel = 'email'),
       count(*) FILTER (WHERE channel = 'email' AND rank IN (1, 4)),
       count(*) FILTER (WHERE channel = 'sms'),
       count(*) FILTER (WHERE channel = 'sms' AND rank IN (1, 4))
  FROM (SELECT generation, requested_time, owner, order_id, notification_no, max(channel) AS channel,
               max(rank) AS rank
          FROM notification_result WHERE owner IS NOT NULL AND requested_time IS NOT NULL
         GROUP BY 1, 2, 3, 4, 5) AS each_one
 GROUP BY 1, 2, 3;

-- Between what has ended and what has failed stands what was handed on to a server that reports nothing.
UPDATE notification_result SET rank = rank + 1 WHERE rank >= 3;

DROP TRIGGER notification_result_whose ON notification_result;
DROP FUNCTION notification_result_whose();
DROP INDEX notification_result_month;
ALTER TABLE notification_result DROP COLUMN owner, DROP COLUMN requested_time;
