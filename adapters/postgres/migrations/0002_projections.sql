-- Tables made from the events in commit order, each with the position that it has reached.

CREATE TABLE projection (
    name     text   PRIMARY KEY,
    position bigint NOT NULL
);

CREATE TABLE order_index (
    owner             text   NOT NULL,
    senders_reference text   NOT NULL,
    order_id          uuid   NOT NULL,
    position          bigint NOT NULL,
    PRIMARY KEY (order_id)
);
CREATE INDEX order_index_reference ON order_index (owner, senders_reference, position);

-- By which names a provider speaks of a notification: the attempt's token, and its own reference.
CREATE TABLE delivery_reference (
    provider        text NOT NULL,
    reference       text NOT NULL,
    order_id        uuid NOT NULL,
    notification_no integer NOT NULL,
    PRIMARY KEY (provider, reference)
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
