"""Whole stories, told once and run on every composition of the service."""
