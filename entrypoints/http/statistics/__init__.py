"""The figures: a page by owner and month, and yesterday's notifications as files."""
