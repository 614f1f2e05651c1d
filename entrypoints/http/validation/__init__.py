"""Judge what clients send, and tell every fault with its place."""
