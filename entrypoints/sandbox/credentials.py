"""The user and password that a catch-all server asks for."""

import secrets
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True, kw_only=True)
class Credentials:
    """A user and a password."""

    user: str
    password: str = field(repr=False)

    def match(self, user: str, password: str) -> bool:
        """Tell whether these are the ones, in a time that does not tell how nearly."""
        return secrets.compare_digest(user.encode(), self.user.encode()) & secrets.compare_digest(
            password.encode(), self.password.encode()
        )
