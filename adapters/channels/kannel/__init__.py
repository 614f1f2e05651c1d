"""Text messages through a Kannel gateway, and what it reports of them."""
