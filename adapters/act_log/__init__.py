"""The record of acts, in PostgreSQL."""
