-- How often an order was lent to a worker and not given back: a worker that dies takes down which
-- orders it had in hand. Given back, it is 0 again; from 3 on, the order is lent to nobody.
ALTER TABLE agenda ADD COLUMN unreturned smallint NOT NULL DEFAULT 0;

-- Each owner's own queue within a lane, so that nobody's backlog stands before another's orders.
CREATE INDEX agenda_of_owner ON agenda (lane, owner, greatest(due_at, leased_until))
 WHERE unreturned = 0;
CREATE INDEX agenda_suspect ON agenda (greatest(due_at, leased_until)) WHERE unreturned > 0;
