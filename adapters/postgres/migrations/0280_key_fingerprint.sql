-- By which keys this database was sealed: a keyed hash of nothing, made by the key of the keyed hashes.
-- It tells nothing of the key, and is never changed.

CREATE TABLE key_fingerprint (
    is_only     boolean PRIMARY KEY DEFAULT true CHECK (is_only),
    fingerprint bytea NOT NULL
);
