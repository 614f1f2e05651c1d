-- What was done around the orders, by whom, and why: rows are added, and never changed or removed.

CREATE TABLE act (
    act_no      bigint      GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    act_id      uuid        NOT NULL UNIQUE,
    recorded_at timestamptz NOT NULL,
    role        text        NOT NULL,
    topic       text        NOT NULL,
    state       bytea       NOT NULL
);
CREATE INDEX act_role ON act (role, act_no);

CREATE TRIGGER act_never_changes BEFORE UPDATE OR DELETE ON act
    FOR EACH ROW EXECUTE FUNCTION refuse_change();
CREATE TRIGGER act_never_truncated BEFORE TRUNCATE ON act
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
-- Also for a session that pretends to be a replica.
ALTER TABLE act ENABLE ALWAYS TRIGGER act_never_changes;
ALTER TABLE act ENABLE ALWAYS TRIGGER act_never_truncated;
