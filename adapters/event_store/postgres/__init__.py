"""The event store in PostgreSQL: appended in one order, read by order and by position."""
