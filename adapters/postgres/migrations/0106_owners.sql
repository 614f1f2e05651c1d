-- What each owner has ordered on a day (UTC), where there is a ceiling; and whom an operator has stopped.

CREATE TABLE owner_usage (
    owner      text   NOT NULL,
    day        date   NOT NULL,
    recipients bigint NOT NULL CHECK (recipients >= 0),
    segments   bigint NOT NULL CHECK (segments >= 0),
    PRIMARY KEY (owner, day)
);

CREATE TABLE owner_stopped (
    owner      text        PRIMARY KEY,
    reason     text        NOT NULL,
    stopped_at timestamptz NOT NULL DEFAULT now()
);
