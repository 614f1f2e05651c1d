-- With which order each chain began, so that a chain can be withdrawn by its own id.

CREATE TABLE chain_index (
    generation integer NOT NULL,
    chain_id   uuid    NOT NULL,
    order_id   uuid    NOT NULL,
    PRIMARY KEY (generation, chain_id, order_id)
);
