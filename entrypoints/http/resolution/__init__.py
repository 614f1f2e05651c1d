"""Why each recipient of an order is notified where they are, or not at all."""
