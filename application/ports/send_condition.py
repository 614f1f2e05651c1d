"""The sender's own word, at the last moment, on whether to send."""

from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True)
class NoAnswer:
    """The sender's endpoint gave no answer that could be read, and why, as a stable code."""

    reason: str


class SendCondition(Protocol):
    """Asks a sender's endpoint whether a notification is still wanted."""

    async def check(self, url: str) -> bool | NoAnswer:
        """The endpoint's yes or no; `NoAnswer` for everything else, never an exception.

        An address that must not be called (not https, not public, not resolvable) is not called,
        and answers `NoAnswer` with the reason.
        """
        ...
