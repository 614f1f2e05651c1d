"""Orders of the first version: read, followed, cancelled."""
