-- By which key of each month this database is sealed: a keyed hash of nothing, made by that key.
-- It tells nothing of the key, and is never changed.

CREATE TABLE month_key_fingerprint (
    month       text PRIMARY KEY,
    fingerprint bytea NOT NULL
);
