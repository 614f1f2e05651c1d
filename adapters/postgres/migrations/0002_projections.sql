-- Tables made from the events in commit order, each with the position that it has reached.
-- A projection that is made anew grows as a generation of its own beside the one that serves.

CREATE TABLE projection (
    name       text    NOT NULL,
    generation integer NOT NULL,
    position   bigint  NOT NULL,
    is_serving boolean NOT NULL,
    PRIMARY KEY (name, generation)
);
CREATE UNIQUE INDEX projection_serves ON projection (name) WHERE is_serving;

CREATE TABLE order_index (
    generation        integer NOT NULL,
    owner             text    NOT NULL,
    senders_reference text    NOT NULL,
    order_id          uuid    NOT NULL,
    position          bigint  NOT NULL,
    PRIMARY KEY (generation, order_id)
);
CREATE INDEX order_index_reference ON order_index (generation, owner, senders_reference, position);

-- By which names a provider speaks of a notification: the attempt's token, and its own reference.
CREATE TABLE delivery_reference (
    generation      integer NOT NULL,
    provider        text    NOT NULL,
    reference       text    NOT NULL,
    order_id        uuid    NOT NULL,
    notification_no integer NOT NULL,
    PRIMARY KEY (generation, provider, reference)
);

-- What providers have told, kept first of all, and matched when its notification is known.
CREATE TABLE delivery_report (
    report_id   bigserial   PRIMARY KEY,
    digest      bytea       NOT NULL UNIQUE,
    provider    text        NOT NULL,
    reference   text        NOT NULL,
    report      bytea       NOT NULL,
    received_at timestamptz NOT NULL DEFAULT now(),
    settled_at  timestamptz
);
CREATE INDEX delivery_report_open ON delivery_report (report_id) WHERE settled_at IS NULL;
