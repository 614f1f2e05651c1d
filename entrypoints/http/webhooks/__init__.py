"""Where owners want their feed carried to."""
