"""Where providers report what became of what they took."""
