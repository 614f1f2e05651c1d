-- When a local copy was last known to be at its register's end, and how far the register had come then.
-- A copy that never was has not been loaded: whom it does not know it may just not know yet.

ALTER TABLE registry_copy
    -- In the register's own terms, where it tells.
    ADD COLUMN newest       text,
    ADD COLUMN confirmed_at timestamptz;

-- Nobody took down where the copies of before stood; that they were whole when they last moved is the
-- best that can be said.
UPDATE registry_copy SET confirmed_at = moved_at;
