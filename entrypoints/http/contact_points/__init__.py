"""Where other services look up how people and organisations are reached."""
