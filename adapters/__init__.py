"""The world: one package for each thing outside that the service deals with."""
