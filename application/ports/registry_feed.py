"""The register's own feed of a local copy: what the register has, page by page, from where the copy stands."""

from collections.abc import AsyncGenerator
from dataclasses import dataclass
from typing import Protocol


class UnreadableFeedError(Exception):
    """What a feed answered is no page of it, and nothing of it was taken; the text is one line that says why."""


class UnansweredFeedError(Exception):
    """A feed was not even asked, for want of what it takes; the text is one line that says what to do."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PageTaken:
    """A page that was taken into the copy, whole, with the position after it."""

    position: str | None
    """How far the copy has come, in the feed's own terms."""
    newest: str | None
    """How far the register has come, where its feed tells."""
    written: int
    removed: int
    quarantined: int
    """How many entries could not be read."""
    nobodys: int
    """How many of these do not even tell whose they are."""


class RegistryFeed(Protocol):
    """Brings one local copy on by what its register gives to those who follow it."""

    @property
    def registry(self) -> str:
        """The copy's name."""
        ...

    def follow(self, *, again: bool = False) -> AsyncGenerator[PageTaken, None]:
        """Take page by page, from where the copy stands to the register's end; tell each when it is taken.

        A page is taken whole, with the position after it, or not at all: whoever breaks off loses at
        most the page in hand, and whoever follows next goes on from there. To take a page twice is to
        take it once. With `again` that comes first of which not all could be read before.

        Raises:
            RegistryUnavailableError: the register gave no answer; try again later.
            UnreadableFeedError: what it answered is no page of its feed, or does not lead on.
            UnansweredFeedError: it was not asked, since we have no token to show there.
            StoreUnavailableError: the copy cannot be written now; try again later.
        """
        ...
