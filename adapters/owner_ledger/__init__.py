"""What owners have ordered, and who has been stopped, in PostgreSQL."""
