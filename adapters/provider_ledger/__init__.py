"""How providers have been weighed, in PostgreSQL."""
