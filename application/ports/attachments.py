"""Where the files that go with an e-mail are fetched from, at the moment when it leaves."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from domain.message import Attachment
from domain.order.events import Failure


@dataclass(frozen=True, slots=True)
class NotFetched:
    """A file could not be had."""

    code: str
    """A stable code: `attachment_status_404`, `attachment_timeout` …; never an address."""
    failure: Failure | None = None
    """Why it never will be; None if another time may do."""


class Attachments(Protocol):
    """Fetches the files of one e-mail."""

    @property
    def longest(self) -> float:
        """After so many seconds, the files are there or are not."""
        ...

    async def fetch(
        self, attachments: Sequence[Attachment], *, owner: str
    ) -> Sequence[bytes] | NotFetched:
        """The files, in their order; or the first reason why one of them is not there.

        Each owner has a share of its own: one whose storage is slow keeps no other waiting.

        Never raises. What their addresses say is in no code and no log.
        """
        ...
