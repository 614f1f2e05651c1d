"""Every event of an order, in words."""
