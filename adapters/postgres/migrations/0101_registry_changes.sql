-- What is newer wins, whatever the order in which pages are loaded.

-- Numbers are looked up, never sorted as words of a language are.
ALTER TABLE krr_person
    ALTER COLUMN number TYPE text COLLATE "C",
    -- The last change of the page that brought the row.
    ADD COLUMN change_id bigint NOT NULL DEFAULT 0;

ALTER TABLE business_address
    ALTER COLUMN registry_id TYPE text COLLATE "C",
    ALTER COLUMN organisation TYPE text COLLATE "C",
    ADD COLUMN updated_at timestamptz NOT NULL DEFAULT '-infinity';

-- Addresses that were removed, so that an older page does not bring them back. No address stands here.
CREATE TABLE business_address_removed (
    registry_id text COLLATE "C" PRIMARY KEY,
    removed_at  timestamptz NOT NULL
);

ALTER TABLE business_unit
    ALTER COLUMN number TYPE text COLLATE "C",
    ALTER COLUMN main_unit TYPE text COLLATE "C";

-- A user has one registration for an organisation; another choice of resources replaces the first.
DELETE FROM user_profile a USING user_profile b
 WHERE a.organisation = b.organisation AND a.user_id = b.user_id AND a.ctid < b.ctid;
ALTER TABLE user_profile
    DROP CONSTRAINT user_profile_pkey,
    ADD PRIMARY KEY (organisation, user_id);
