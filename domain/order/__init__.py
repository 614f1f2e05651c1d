"""The order aggregate: what a sender asked for, and what has become of each of its notifications."""
