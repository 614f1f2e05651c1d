"""Carry the status feed to the addresses that its owners named."""
