"""How a client proves who it is: RFC 4954, by PLAIN and LOGIN."""

import base64
import binascii
from collections.abc import Callable

from entrypoints.sandbox.credentials import Credentials
from entrypoints.sandbox.smtp_envelope import SmtpRefusal


class Login:
    """One conversation about a user and a password; without credentials to ask for, it is over."""

    def __init__(self, credentials: Credentials | None) -> None:
        self.has_succeeded = credentials is None
        self._credentials = credentials
        self._next: Callable[[str], str] | None = None

    @property
    def is_under_way(self) -> bool:
        """Tell whether the next line is an answer and no command."""
        return self._next is not None

    def begin(self, argument: str) -> str:
        """Open with what follows `AUTH`, and tell the reply."""
        mechanism, _, initial = argument.partition(" ")
        match mechanism.upper():
            case "PLAIN":
                return self._plain(initial) if initial else self._ask("", self._plain)
            case "LOGIN":
                return self._user(initial) if initial else self._ask("Username:", self._user)
            case _:
                return "504 5.5.4 Mechanism not known"

    def go_on(self, line: str) -> str:
        """Take an answer, and tell the reply."""
        step, self._next = self._next, None
        return step(line) if step is not None else "503 5.5.1 AUTH first"

    def _ask(self, prompt: str, step: Callable[[str], str]) -> str:
        self._next = step
        return f"334 {base64.b64encode(prompt.encode()).decode()}"

    def _plain(self, line: str) -> str:
        _, _, rest = _decoded(line).partition("\0")
        user, _, password = rest.partition("\0")
        return self._check(user, password)

    def _user(self, line: str) -> str:
        user = _decoded(line)
        return self._ask("Password:", lambda reply: self._check(user, _decoded(reply)))

    def _check(self, user: str, password: str) -> str:
        if self._credentials is None or not self._credentials.match(user, password):
            return "535 5.7.8 Authentication failed"
        self.has_succeeded = True
        return "235 2.7.0 Authenticated"


def _decoded(line: str) -> str:
    try:
        return base64.b64decode(line, validate=True).decode()
    except (binascii.Error, UnicodeDecodeError):
        raise SmtpRefusal("501 5.5.2 Not understood") from None
