-- Legal holds stand in the log of the orders, and are found there without reading the log.

CREATE INDEX orders_events_of_holds ON orders_events (notification_id) WHERE topic LIKE 'hold.%';
