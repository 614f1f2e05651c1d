-- Which orders belong to each dialogue, for whoever asks what was sent in it; and those of orders that were
-- placed before, read as text as the chains of before were.

CREATE TABLE dialogue_index (
    generation  integer NOT NULL,
    dialogue_id uuid    NOT NULL,
    position    bigint  NOT NULL,
    order_id    uuid    NOT NULL,
    PRIMARY KEY (generation, dialogue_id, position)
);

WITH begun AS (
    INSERT INTO projection (name, generation, position, is_serving)
    SELECT 'dialogue_index', 1, max(notification_id), true FROM orders_events HAVING count(*) > 0
    ON CONFLICT DO NOTHING
    RETURNING generation),
placed AS (
    SELECT originator_id AS order_id, notification_id AS position, encode(state, 'escape') AS state
      FROM orders_events WHERE originator_version = 1 AND topic = 'order.placed'),
spoken_of AS (
    SELECT order_id, position, substring(state FROM
               '"dialogue":\{"dialogue_id":"([0-9A-Fa-f]{8}-?[0-9A-Fa-f]{4}-?[0-9A-Fa-f]{4}-?[0-9A-Fa-f]{4}-?[0-9A-Fa-f]{12})"'
           )::uuid AS dialogue_id
      FROM placed)
INSERT INTO dialogue_index (generation, dialogue_id, position, order_id)
SELECT begun.generation, spoken_of.dialogue_id, spoken_of.position, spoken_of.order_id
  FROM spoken_of CROSS JOIN begun WHERE spoken_of.dialogue_id IS NOT NULL;
