-- Where owners have their feed carried to, and how far each receiver has been told.

CREATE TABLE webhook (
    owner            text        NOT NULL,
    name             text        NOT NULL,
    url              text        NOT NULL,
    every_transition boolean     NOT NULL,
    position         bigint      NOT NULL,
    failures         integer     NOT NULL DEFAULT 0,
    failing_since    timestamptz,
    failure          text,
    due_at           timestamptz NOT NULL,
    disabled         text,
    leased_until     timestamptz,
    PRIMARY KEY (owner, name)
);
