"""Text messages through LINK Mobility's XML gateway, and what it reports of them."""
