"""What persons keep here about themselves: registering, verifying, confirming; and what others hand in for them."""
