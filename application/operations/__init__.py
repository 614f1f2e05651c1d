"""What operators do, as use cases: each with an actor, and on record."""
