"""Orders and chains are placed here, of every kind and version."""
