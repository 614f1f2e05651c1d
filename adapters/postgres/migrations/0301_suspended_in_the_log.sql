-- Who is suspended is told by the log from now on, at every claim. Whom an operator has stopped before is carried
-- over there once; those rows stay for the processes of the version before, which go by them until they are replaced.

CREATE INDEX orders_events_suspending ON orders_events (originator_id, originator_version DESC)
 WHERE topic IN ('owner.suspended', 'owner.resumed');
ALTER TABLE owner_stopped ADD COLUMN is_carried_over boolean NOT NULL DEFAULT false;
