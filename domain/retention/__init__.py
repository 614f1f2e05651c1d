"""How long personal data is kept, what keeps it for longer, and how it is erased."""
