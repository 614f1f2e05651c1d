-- After which change the page begins in which an entry could not be read: from there the register is asked again.
ALTER TABLE registry_quarantine ADD COLUMN change_from bigint;
