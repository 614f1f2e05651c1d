"""What is agreed with an owner: as whom it may write, where answers go, and whom it only tries out."""

import unicodedata
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final

from domain.channel import Channel
from domain.contact_point import comparison_key
from domain.personal import Contact

ANY_SENDER: Final = "*"
"""Stands for every sender there may be."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Agreement:
    """What is agreed with one owner."""

    senders: frozenset[str] = frozenset()
    """The keys of e-mail addresses, of whole domains (not of those below them), and of names and
    numbers of text messages; or `ANY_SENDER`."""
    reply_to: str | None = None
    """To whom an answer to an e-mail goes, with or without a name; None for whom it is from."""
    test_recipients: frozenset[str] = frozenset()
    """The marks of those to whom nothing is ever sent; whoever orders it is answered as if."""
    mark: Callable[[str], str] = field(default=str, compare=False, repr=False)
    """Makes of a comparison key the mark by which it is known again."""

    def lets_emails_come_from(self, sender: str) -> bool:
        """Whether the owner may send e-mails from an address, whatever name stands before it."""
        if ANY_SENDER in self.senders:
            return True
        address = email_sender_key(sender)
        _, at, domain = address.rpartition("@")
        return at != "" and not self.senders.isdisjoint((address, domain))

    def lets_text_messages_come_from(self, sender: str) -> bool:
        """Whether the owner may send text messages under a name or a number."""
        return not self.senders.isdisjoint((ANY_SENDER, sms_sender_key(sender)))

    def only_tries(self, address: Contact, channel: Channel) -> bool:
        """Whether what goes to an address is only tried out, and never sent."""
        if not self.test_recipients:
            return False
        return self.mark(comparison_key(address, channel)) in self.test_recipients


ANY_SENDER_GOES: Final = Agreement(senders=frozenset({ANY_SENDER}))
"""What is agreed where nobody else is harmed: in development, and in tests."""


def email_sender_key(sender: str) -> str:
    """By what the address of a sender, with or without a name before it, is compared."""
    _, bracket, address = sender.strip().rpartition("<")
    bare = address.removesuffix(">") if bracket else address
    return unicodedata.normalize("NFC", bare).lower()


def sms_sender_key(sender: str) -> str:
    """By what a sender of text messages is compared."""
    return sender.lower().removeprefix("+")
