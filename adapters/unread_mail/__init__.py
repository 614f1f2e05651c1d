"""Where mail is kept that nobody could read."""
