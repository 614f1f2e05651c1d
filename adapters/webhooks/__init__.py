"""Owners' webhooks: the table in PostgreSQL, and the way to receivers by HTTPS."""
