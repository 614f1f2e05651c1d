-- Changes that organisations want made to their official addresses, until the register has made them and its
-- feed has brought them; an address is sealed, and gone when its change has come to its end.

CREATE TABLE address_change (
    change_id    bigint      GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    version      integer     NOT NULL,
    organisation text        NOT NULL,
    kind         text        NOT NULL,
    registry_id  text,
    state        text        NOT NULL,
    requested_at timestamptz NOT NULL,
    due_at       timestamptz NOT NULL,
    attempts     integer     NOT NULL DEFAULT 0,
    told_at      timestamptz,
    taken_as     text,
    refusal      text,
    sealed       bytea,
    month        text,
    wrapped      bytea
);
CREATE INDEX address_change_organisation ON address_change (organisation, change_id);
CREATE INDEX address_change_due ON address_change (due_at)
 WHERE state IN ('requested', 'told', 'taken');
