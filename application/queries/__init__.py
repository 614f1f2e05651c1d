"""Tell owners, auditors and support what is recorded."""
