"""A key vault in memory."""

import hmac
from hashlib import sha256

from cryptography.hazmat.primitives.keywrap import aes_key_unwrap, aes_key_wrap


class InMemoryKeyVault:
    """Derives its keys from one fixed secret; what was destroyed stays so."""

    def __init__(self, secret: bytes = b"in memory") -> None:
        self._secret = secret
        self._months: dict[str, bytes] = {}
        self._destroyed: set[str] = set()

    def wrap(self, key: bytes, month: str) -> bytes:
        if month in self._destroyed:
            raise LookupError(f"the key of {month} was destroyed; nothing is sealed under it")
        return aes_key_wrap(self._month(month), key)

    def unwrap(self, wrapped: bytes, month: str) -> bytes | None:
        if month in self._destroyed:
            return None
        return aes_key_unwrap(self._month(month), wrapped)

    def keyed_hash(self, purpose: str, data: bytes) -> bytes:
        key = hmac.digest(self._secret, purpose.encode(), sha256)
        return hmac.digest(key, data, sha256)

    def destroy(self, month: str) -> None:
        """Destroy a month's key."""
        self._destroyed.add(month)
        self._months.pop(month, None)

    def _month(self, month: str) -> bytes:
        if month not in self._months:
            self._months[month] = self.keyed_hash("month", month.encode())
        return self._months[month]
