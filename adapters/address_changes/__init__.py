"""The changes that organisations want made to their addresses, in PostgreSQL."""
