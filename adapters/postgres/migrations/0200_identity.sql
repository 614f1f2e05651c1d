-- A third class of personal data: who somebody is, apart from where they are reached.
-- Boxes that were sealed before keep the class that their events commit to.
-- Not checked against the rows that are there: they fitted a narrower rule.

ALTER TABLE sealed DROP CONSTRAINT sealed_class_check;
ALTER TABLE sealed ADD CONSTRAINT sealed_class_check
    CHECK (class IN ('content', 'contact', 'identity')) NOT VALID;
ALTER TABLE data_key DROP CONSTRAINT data_key_class_check;
ALTER TABLE data_key ADD CONSTRAINT data_key_class_check
    CHECK (class IN ('content', 'contact', 'identity')) NOT VALID;
