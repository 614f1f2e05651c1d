"""Shipments, as the second version calls orders that are on their way."""
