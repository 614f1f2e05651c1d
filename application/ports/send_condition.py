"""The sender's own word, at the last moment, on whether to send."""

from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True)
class NoAnswer:
    """The sender's endpoint gave no answer that could be read, and why, as a stable code."""

    reason: str


@dataclass(frozen=True, slots=True)
class NotYetAsked:
    """Nobody was asked: the owner has as many questions under way as one may have. Ask again later."""


class SendCondition(Protocol):
    """Asks a sender's endpoint whether a notification is still wanted."""

    async def check(self, url: str, *, owner: str) -> bool | NoAnswer | NotYetAsked:
        """The endpoint's yes or no; `NoAnswer` where there is none, never an exception.

        Each owner has a share of its own: what one waits for keeps no other waiting. Beyond it
        nobody is asked for the moment, which says nothing of the endpoint.

        An address that must not be called (not https, not public, not resolvable) is not called,
        and answers `NoAnswer` with the reason.
        """
        ...
