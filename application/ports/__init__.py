"""Everything the service asks of the world, one file a port; the docstrings are the promises."""
