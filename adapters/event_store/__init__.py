"""The histories of orders: sealed, appended in commit order, and read back; by eventsourcing's tables.

This package and `adapters.memory` are the only ones that know the eventsourcing library.
"""
