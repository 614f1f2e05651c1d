"""The feed of what changed."""
