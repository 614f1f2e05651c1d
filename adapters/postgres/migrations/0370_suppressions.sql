-- Which addresses bounced hard: by a keyed hash of the channel and the address, never the address.

CREATE TABLE suppression (
    generation integer     NOT NULL,
    address    bytea       NOT NULL,
    bounced_at timestamptz NOT NULL,
    channel    text        NOT NULL,
    failure    text        NOT NULL,
    order_id   uuid        NOT NULL,
    PRIMARY KEY (generation, address, bounced_at, order_id)
);
CREATE INDEX suppression_when ON suppression (generation, bounced_at);

-- Since when what bounced there before does not count: an operator's act, and no part of the projection.
CREATE TABLE suppression_lift (
    address   bytea       PRIMARY KEY,
    lifted_at timestamptz NOT NULL
);
