-- An entry of a register that could not be read tells whom it is about, where that can be read: until it is,
-- whoever that is is uncertain, and not notified by what was known before. What it said is not kept.

ALTER TABLE registry_quarantine
    -- What it is one of: persons, addresses, units, profiles, grants, users, names.
    ADD COLUMN part       text,
    -- The number of the person or organisation, or the name of the self-identified user.
    ADD COLUMN whose      text COLLATE "C",
    -- Which of theirs: an address by the registry's id, a profile or a grant by its user.
    ADD COLUMN item       text COLLATE "C",
    -- What a grant is for.
    ADD COLUMN about      text COLLATE "C",
    -- When it was changed, in the terms of its feed: the last change of its page, or a time.
    ADD COLUMN change_id  bigint,
    ADD COLUMN changed_at timestamptz;

CREATE INDEX registry_quarantine_whose ON registry_quarantine (whose, part) WHERE whose IS NOT NULL;
CREATE INDEX registry_quarantine_item ON registry_quarantine (item, part) WHERE item IS NOT NULL;
