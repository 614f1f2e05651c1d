-- What is recorded of owners stands in the log of the orders, and is found there without reading the log.

CREATE INDEX orders_events_of_owners ON orders_events (notification_id) WHERE topic LIKE 'owner.%';
