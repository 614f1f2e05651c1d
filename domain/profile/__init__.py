"""What a person keeps here about themselves: where they are reached for organisations, and how they are spoken to."""
