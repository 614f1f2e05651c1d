"""The keys that no database holds."""

from typing import Protocol


class KeyVault(Protocol):
    """Holds one wrapping key a month, and the keys of the keyed hashes.

    Destroying a month's key ends everything that was sealed under it, in every backup at once.
    """

    def wrap(self, key: bytes, month: str) -> bytes:
        """Wrap a data key under the key of a month (`2026-11`)."""
        ...

    def unwrap(self, wrapped: bytes, month: str) -> bytes | None:
        """Unwrap a data key; None if the month's key has been destroyed."""
        ...

    def keyed_hash(self, purpose: str, data: bytes) -> bytes:
        """A keyed hash of 32 bytes, with a key of its own for each purpose (HMAC-SHA-256)."""
        ...
