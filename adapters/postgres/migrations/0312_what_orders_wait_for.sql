-- What an order waits for that is outside of it, such as a register. It holds as long as the order is due
-- when it was put off to: whatever is recorded of the order moves that, and need not know of this.

ALTER TABLE agenda
    ADD COLUMN waits_for   text,
    ADD COLUMN waits_until timestamptz;

CREATE INDEX agenda_waiting ON agenda (waits_for) WHERE waits_for IS NOT NULL;
