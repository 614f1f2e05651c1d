"""Messages that the installation's own systems hand in."""
