"""A watchdog over event loops, and an installation whose loops it watches."""
