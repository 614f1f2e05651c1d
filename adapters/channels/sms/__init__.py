"""What all SMS gateways have in common."""
