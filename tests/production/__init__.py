"""The service as an operator sets it up, by the guide, with everything around it real or behind TLS."""
