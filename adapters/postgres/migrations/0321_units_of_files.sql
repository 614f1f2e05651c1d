-- The open register of organisations as whole files: a unit that one lacks stays until another lacks it as well.

ALTER TABLE business_unit
    -- Of which file it is, units or sub-units; NULL for one that came on a page.
    ADD COLUMN kind     text,
    -- In how many files of its kind, one after another, it was not.
    ADD COLUMN absences smallint NOT NULL DEFAULT 0;

-- The last file of each kind: the same one twice is one absence, and a file that names many fewer units is refused.
CREATE TABLE business_unit_file (
    kind        text PRIMARY KEY,
    digest      text NOT NULL,
    units       integer NOT NULL,
    imported_at timestamptz NOT NULL DEFAULT now()
);
