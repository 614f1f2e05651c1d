-- Which orders are for a person or an organisation: by a keyed hash of the number, never the number.

CREATE TABLE recipient_index (
    generation     integer     NOT NULL,
    identity       bytea       NOT NULL,
    requested_time timestamptz NOT NULL,
    order_id       uuid        NOT NULL,
    PRIMARY KEY (generation, identity, requested_time, order_id)
);
