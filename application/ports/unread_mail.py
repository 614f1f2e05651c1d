"""Mail at the report door that says nothing of a notification, kept for people to look at."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final, NewType, Protocol, TypeAlias

from application.ports.report_inbox import Report

MailId = NewType("MailId", int)

MOST_KEPT: Final = 1000
"""Of each kind so many at most are kept, the latest."""
KEPT_FOR: Final = timedelta(days=90)
LONGEST_KEPT: Final = 1 << 16
"""Of each mail so many bytes at most are kept, from its beginning."""


class ReaderUnavailableError(Exception):
    """No reader of mails is to be had now; the same mail may be handed in again."""


class UnreadKind(StrEnum):
    """What a mail is that tells nothing of a notification."""

    AUTO_REPLY = "auto_reply"
    """Written by a recipient's own machine: away, moved, thank you."""
    READ_RECEIPT = "read_receipt"
    """Says that something was shown, or thrown away unread (RFC 8098)."""
    COMPLAINT = "complaint"
    """Says that a recipient called a mail spam (RFC 5965)."""
    FOREIGN = "foreign"
    """A server's word on a mail that was none of ours."""
    UNCLEAR = "unclear"
    """Perhaps a person's answer, or a server's word in a form that is not known."""
    UNREADABLE = "unreadable"
    """No well-formed mail, or one whose reading would take too long."""


MailRead: TypeAlias = Sequence[Report] | UnreadKind
"""What a mail tells of notifications, or what else it is."""


@dataclass(frozen=True, slots=True, kw_only=True)
class UnreadMail:
    """One mail that was kept."""

    mail_id: MailId
    kind: UnreadKind
    received_at: datetime
    size: int
    """In bytes, as it came."""
    content: bytes | None = field(repr=False)
    """Its beginning; None once its key has been destroyed."""


class UnreadMails(Protocol):
    """Keeps what nobody could read, for a time and within a number."""

    async def keep(self, kind: UnreadKind, content: bytes, *, at: datetime) -> None:
        """Keep a mail durably; the same mail is kept once.

        What is older than `KEPT_FOR`, or more than `MOST_KEPT` of its kind, goes.

        Raises:
            StoreUnavailableError: nothing was kept; let the mail server try again.
        """
        ...

    async def latest(self, most: int, kind: UnreadKind | None = None) -> Sequence[UnreadMail]:
        """The latest mails (of one kind), newest first.

        Raises:
            StoreUnavailableError: try again later.
        """
        ...

    async def find(self, mail_id: MailId) -> UnreadMail | None:
        """One mail, if it is still there.

        Raises:
            StoreUnavailableError: try again later.
        """
        ...

    async def forget(self, mail_id: MailId) -> bool:
        """Delete a mail, and tell whether it was there.

        Raises:
            StoreUnavailableError: try again later.
        """
        ...
