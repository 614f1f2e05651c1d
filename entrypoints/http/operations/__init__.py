"""For whoever runs the service: its health, its triggers, a condition to try with."""
