"""The keys that no database holds: one a month to wrap data keys, one for each keyed hash."""
