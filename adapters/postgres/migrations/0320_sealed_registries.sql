-- What the local copies know of people, and where businesses are reached, is sealed from here on; a person, a
-- user and whoever has a name is found by a keyed hash.
--
-- What stood there in clear cannot be sealed here, where no key is at hand. It goes, with the files in which it lay,
-- and the copies are loaded anew, from the first change on.

DROP TABLE krr_person, business_address, self_identified_user, party_name;
DELETE FROM registry_copy WHERE registry IN ('krr', 'businesses', 'names');

-- By which the records are sealed: one for each month in which something was written.
CREATE TABLE registry_key (
    key_id  bigint PRIMARY KEY,
    made_in text NOT NULL UNIQUE,
    -- Whose key in the vault wraps it: that of the month that began last.
    month   text NOT NULL,
    wrapped bytea NOT NULL
);

CREATE TABLE krr_person (
    number_hash bytea PRIMARY KEY,
    -- The last change of the page that brought the record.
    change_id   bigint NOT NULL,
    key_id      bigint NOT NULL,
    box         bytea NOT NULL
);

-- Whose an address is is public; where it leads is not.
CREATE TABLE business_address (
    registry_id  text COLLATE "C" PRIMARY KEY,
    updated_at   timestamptz NOT NULL,
    organisation text COLLATE "C" NOT NULL,
    key_id       bigint NOT NULL,
    box          bytea NOT NULL
);
CREATE INDEX business_address_organisation ON business_address (organisation);

CREATE TABLE self_identified_user (
    username_hash bytea PRIMARY KEY,
    key_id        bigint NOT NULL,
    box           bytea NOT NULL
);

CREATE TABLE party_name (
    number_hash bytea PRIMARY KEY,
    key_id      bigint NOT NULL,
    box         bytea NOT NULL
);

-- An entry that could not be read stands here sealed, as it came. Of those of before it is not known what they said,
-- and whose they are stood in clear; but for those of the tables that were not dropped, they go as well.
CREATE TEMPORARY TABLE unread_before ON COMMIT DROP AS
SELECT registry, page, entry, reason, found_at, part, whose, item, about, change_from, change_id, changed_at
  FROM registry_quarantine WHERE part IN ('profiles', 'grants', 'units');
DROP TABLE registry_quarantine;

CREATE TABLE registry_quarantine (
    registry    text NOT NULL,
    page        text NOT NULL,
    entry       integer NOT NULL,
    reason      text NOT NULL,
    found_at    timestamptz NOT NULL DEFAULT now(),
    -- What it is one of: persons, addresses, units, profiles, grants, users, names.
    part        text,
    -- The number of the organisation; of a person, a user or a name its keyed hash, in hexadecimal.
    whose       text COLLATE "C",
    -- Which of theirs: an address by the registry's id, a profile or a grant by its user.
    item        text COLLATE "C",
    -- What a grant is for.
    about       text COLLATE "C",
    -- After which change the page begins, and when the entry was changed: the last change of its page, or a time.
    change_from bigint,
    change_id   bigint,
    changed_at  timestamptz,
    -- By what people name it.
    entry_id    bigint GENERATED ALWAYS AS IDENTITY UNIQUE,
    -- By which rules of reading it was last tried.
    tried_by    integer NOT NULL DEFAULT 0,
    -- The entry itself; none of those of before.
    key_id      bigint,
    box         bytea,
    PRIMARY KEY (registry, page, entry)
);
CREATE INDEX registry_quarantine_whose ON registry_quarantine (whose, part) WHERE whose IS NOT NULL;
CREATE INDEX registry_quarantine_item ON registry_quarantine (item, part) WHERE item IS NOT NULL;

INSERT INTO registry_quarantine
       (registry, page, entry, reason, found_at, part, whose, item, about, change_from, change_id, changed_at)
SELECT * FROM unread_before;
