-- Mail at the report door that tells nothing of a notification, sealed, for people to look at. Nothing is
-- decided by this table: its rows may be deleted.

CREATE TABLE unread_mail (
    mail_id     bigint      GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    digest      bytea       NOT NULL UNIQUE,
    kind        text        NOT NULL,
    received_at timestamptz NOT NULL,
    size        integer     NOT NULL,
    sealed      bytea       NOT NULL,
    month       text        NOT NULL,
    wrapped     bytea       NOT NULL
);
CREATE INDEX unread_mail_of_kind ON unread_mail (kind, mail_id DESC);
