-- The chains of orders that were placed before there was an index of them, so that nobody waits for it to
-- come up to a long log, and the service is not called unready meanwhile. Read as text, since what is
-- stored of some order may be no JSON any more; a quotation mark in somebody's own words has a backslash
-- before it. An index that has been begun goes on by itself.

WITH begun AS (
    INSERT INTO projection (name, generation, position, is_serving)
    SELECT 'chain_index', 1, max(notification_id), true FROM orders_events HAVING count(*) > 0
    ON CONFLICT DO NOTHING
    RETURNING generation),
placed AS (
    SELECT originator_id AS order_id, encode(state, 'escape') AS state
      FROM orders_events WHERE originator_version = 1 AND topic = 'order.placed'),
chained AS (
    SELECT order_id, substring(state FROM
               '"chain":\{"chain_id":"([0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12})"'
           )::uuid AS chain_id
      FROM placed WHERE position('"kind":"reminder"' IN state) = 0)
INSERT INTO chain_index (generation, chain_id, order_id)
SELECT begun.generation, chained.chain_id, chained.order_id
  FROM chained CROSS JOIN begun WHERE chained.chain_id IS NOT NULL;
